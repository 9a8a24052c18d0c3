// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import jnr.ffi.LibraryLoader;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Rulesets as text, handed to the kernel by libnftables (libnftables(3)): everything in one text is one transaction. Works on
 * the network namespace of the thread that made it; for one thread.
 *
 * <p>Before each text the library reads back from the kernel whatever sets the text refers to: changing one element of a set of
 * 10,000 takes it 30 ms. {@link NetfilterSocket} does that in less than one.
 */
public final class Nftables implements AutoCloseable {

    private static final String LIBRARY = "libnftables.so.1";
    private static final String ERROR = "Error: ";

    /** From here on a text is worth a new context afterwards. */
    private static final int LARGE_BYTES = 1 << 16;

    private final Calls calls;
    private long context;

    /** The functions. Public for the class that jnr-ffi generates; unreachable outside because nobody else has one. */
    public interface Calls {
        long nft_ctx_new(int flags);

        void nft_ctx_set_dry_run(long context, boolean isDryRun);

        int nft_ctx_buffer_output(long context);

        int nft_ctx_buffer_error(long context);

        int nft_run_cmd_from_buffer(long context, long text);

        String nft_ctx_get_output_buffer(long context);

        String nft_ctx_get_error_buffer(long context);

        void nft_ctx_free(long context);
    }

    /** @throws NftablesException if the library is not there */
    public Nftables() {
        calls = load();
        context = newContext();
    }

    private long newContext() {
        final long fresh = calls.nft_ctx_new(0);
        if (fresh == 0 || calls.nft_ctx_buffer_output(fresh) != 0 || calls.nft_ctx_buffer_error(fresh) != 0) {
            throw new NftablesException("libnftables gives no context");
        }
        return fresh;
    }

    private static Calls load() {
        try {
            return LibraryLoader.create(Calls.class).failImmediately().load(LIBRARY);
        } catch (UnsatisfiedLinkError e) {
            throw new NftablesException(LIBRARY + " does not load; install what Debian calls libnftables1", e);
        }
    }

    /**
     * Runs the text as one transaction.
     *
     * @return what its {@code list} commands print
     * @throws NftablesException with the library's own words, if any of it fails
     */
    public String run(String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        final NativeMemory memory = new NativeMemory(bytes.length + 1);
        final UnsafeBuffer buffer = memory.buffer();
        buffer.putBytes(0, bytes);
        final int result = calls.nft_run_cmd_from_buffer(context, memory.address());
        Reference.reachabilityFence(memory);
        final String output = calls.nft_ctx_get_output_buffer(context);
        final String errors = calls.nft_ctx_get_error_buffer(context);
        if (bytes.length >= LARGE_BYTES) {
            forget();
        }
        if (result != 0) {
            throw new NftablesException("nftables: " + firstError(errors));
        }
        return output;
    }

    /** Gives back what the library keeps of the text that it ran last: 40 MB after 50,000 elements. */
    private void forget() {
        final long fresh = newContext();
        calls.nft_ctx_free(context);
        context = fresh;
    }

    /**
     * Does all but the last step: understands the text and asks the kernel what it refers to, but changes nothing.
     *
     * @throws NftablesException with the library's own words, if any of it fails
     */
    public void check(String text) {
        calls.nft_ctx_set_dry_run(context, true);
        try {
            run(text);
        } finally {
            calls.nft_ctx_set_dry_run(context, false);
        }
    }

    /** Errors look like {@code FILE:LINE:COLUMNS: Error: MESSAGE}, with the text and carets on the lines below. */
    static String firstError(String errors) {
        for (final String line : errors.split("\n")) {
            final int start = line.indexOf(ERROR);
            if (start >= 0) {
                return line.substring(start + ERROR.length()).strip();
            }
        }
        return errors.isBlank() ? "refused for no reason given" : errors.strip().replaceAll("\\s+", " ");
    }

    @Override
    public void close() {
        calls.nft_ctx_free(context);
    }
}
