// SPDX-License-Identifier: Apache-2.0
package org.markcast.capture;

import java.io.EOFException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.engine.packet.CapturedPacket;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.pcap4j.core.NotOpenException;
import org.pcap4j.core.PcapHandle;
import org.pcap4j.core.PcapHandle.TimestampPrecision;
import org.pcap4j.core.PcapNativeException;
import org.pcap4j.core.Pcaps;

/**
 * A capture file, pcap or pcapng, read from its beginning to its end by libpcap. Needs no privilege. Used by one thread.
 */
public final class CaptureFile implements AutoCloseable {

    /** Opens standard input. */
    public static final Path STANDARD_INPUT = Path.of("-");

    private static final int INITIAL_CAPACITY = 1 << 16;

    private final Path path;
    private final PcapHandle handle;
    private final LinkLayer linkLayer;
    private final CapturedPacket packet = new CapturedPacket();
    private UnsafeBuffer buffer = new UnsafeBuffer(ByteBuffer.allocateDirect(INITIAL_CAPACITY));
    private long framesRead;

    private CaptureFile(Path path, PcapHandle handle, LinkLayer linkLayer) {
        this.path = path;
        this.handle = handle;
        this.linkLayer = linkLayer;
    }

    /** @throws CaptureFileException if it is no capture file, or its link type is none that carries IPv4 as we know it */
    public static CaptureFile open(Path path) throws CaptureFileException {
        final PcapHandle handle = openHandle(path);
        final Optional<LinkLayer> linkLayer = LinkLayer.of(handle.getDlt().value());
        if (linkLayer.isEmpty()) {
            handle.close();
            throw new CaptureFileException(
                    path + ": link type " + handle.getDlt().valueAsString()
                            + " is not known here; capture on an Ethernet or IP interface, or with tcpdump -i any",
                    null);
        }
        return new CaptureFile(path, handle, linkLayer.get());
    }

    private static PcapHandle openHandle(Path path) throws CaptureFileException {
        try {
            Libpcap.find();
            return Pcaps.openOffline(path.toString(), TimestampPrecision.NANO);
        } catch (PcapNativeException e) {
            throw new CaptureFileException(path + ": not a capture file that libpcap can read: " + e.getMessage(), e);
        } catch (LinkageError e) {
            throw new CaptureFileException("libpcap does not load; install it (Debian: libpcap0.8)", e);
        }
    }

    /**
     * Reads the next frame; empty at the end of the file.
     *
     * @throws CaptureFileException if the file is damaged or cut off here; nothing more can be read then
     */
    public Optional<CapturedFrame> next() throws CaptureFileException {
        try {
            final byte[] bytes = handle.getNextRawPacketEx();
            framesRead++;
            return Optional.of(frame(bytes));
        } catch (EOFException e) {
            return Optional.empty();
        } catch (PcapNativeException e) {
            throw damaged(error().orElse(e.getMessage()), e);
        } catch (IllegalArgumentException e) { // of java.sql.Timestamp, which pcap4j tells the time by
            throw damaged("impossible time", e);
        } catch (TimeoutException | NotOpenException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What libpcap says; pcap4j puts a function's name before it. */
    private Optional<String> error() {
        try {
            return Optional.of(handle.getError()).filter(error -> !error.isEmpty());
        } catch (NotOpenException e) {
            throw new IllegalStateException(e);
        }
    }

    private CaptureFileException damaged(String how, Exception cause) {
        final String where = framesRead == 0 ? "in its first packet" : "after packet " + framesRead;
        return new CaptureFileException(path + ": damaged " + where + ": " + how, cause);
    }

    private CapturedFrame frame(byte[] bytes) {
        final Optional<LinkHeader> parsed = linkLayer.tryParse(copy(bytes), bytes.length);
        final LinkHeader link = parsed.orElse(LinkHeader.bare(0, LinkHeader.OTHER));
        packet.set(
                buffer,
                link.length(),
                bytes.length - link.length(),
                wireLength(bytes.length) - link.length(),
                0,
                link.interfaceIndex(),
                link.sourceMac(),
                false);
        final Optional<String> notIpv4 = parsed.isEmpty()
                ? Optional.of("cut off in its link-layer header")
                : link.isIpv4() ? headerCutOff() : Optional.of(link.content());
        return new CapturedFrame(framesRead, time(), link.isBroadcast(), link.isOutgoing(), notIpv4, packet);
    }

    private UnsafeBuffer copy(byte[] bytes) {
        if (bytes.length > buffer.capacity()) {
            buffer = new UnsafeBuffer(ByteBuffer.allocateDirect(bytes.length));
        }
        buffer.putBytes(0, bytes);
        return buffer;
    }

    /** What the file says, unless it claims less than it holds, or more than an {@code int} does. */
    private int wireLength(int capturedLength) {
        final int length = handle.getOriginalLength();
        return length < 0 ? Integer.MAX_VALUE : Math.max(length, capturedLength);
    }

    private Instant time() {
        return handle.getTimestamp().toInstant();
    }

    /** The rule calls a packet malformed whose header is not whole; here the snap length may be to blame. */
    private Optional<String> headerCutOff() {
        final int captured = packet.capturedLength();
        final int headerLength = captured == 0
                ? Ipv4Flyweight.MIN_HEADER_LENGTH
                : Math.max(Ipv4Flyweight.MIN_HEADER_LENGTH, (buffer.getByte(packet.offset()) & 0x0f) << 2);
        return captured < packet.wireLength() && captured < headerLength
                ? Optional.of("cut off in its IPv4 header")
                : Optional.empty();
    }

    @Override
    public void close() {
        handle.close();
    }
}
