// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import java.util.List;
import java.util.Locale;
import org.markcast.config.Mark;
import org.markcast.config.StaticSa.Mode;

/**
 * One section below {@code static { }}, to be written into a {@link ServiceConfig}.
 *
 * @param localTs traffic selectors as the operator writes them
 */
public record StaticTunnel(
        String name, String child, Mode mode, Mark markIn, Mark markOut, List<String> localTs, List<String> remoteTs) {

    public StaticTunnel withName(String other) {
        return new StaticTunnel(other, child, mode, markIn, markOut, localTs, remoteTs);
    }

    public StaticTunnel withChild(String other) {
        return new StaticTunnel(name, other, mode, markIn, markOut, localTs, remoteTs);
    }

    public StaticTunnel withLocalTs(String... selectors) {
        return new StaticTunnel(name, child, mode, markIn, markOut, List.of(selectors), remoteTs);
    }

    public StaticTunnel withRemoteTs(String... selectors) {
        return new StaticTunnel(name, child, mode, markIn, markOut, localTs, List.of(selectors));
    }

    public StaticTunnel withMarks(Mark in, Mark out) {
        return new StaticTunnel(name, child, mode, in, out, localTs, remoteTs);
    }

    /** Protects only what this machine and the client say to each other. */
    public StaticTunnel transport() {
        return new StaticTunnel(name, child, Mode.TRANSPORT, markIn, markOut, localTs, remoteTs);
    }

    void appendTo(StringBuilder text) {
        text.append("        ").append(name).append(" {\n");
        append(text, "child", child);
        append(text, "mode", mode.name().toLowerCase(Locale.ROOT));
        append(text, "mark_in", format(markIn));
        append(text, "mark_out", format(markOut));
        append(text, "local_ts", String.join(", ", localTs));
        append(text, "remote_ts", String.join(", ", remoteTs));
        text.append("        }\n");
    }

    private static void append(StringBuilder text, String key, String value) {
        text.append("            ").append(key).append(" = ").append(value).append('\n');
    }

    private static String format(Mark mark) {
        final String value = "0x" + Integer.toHexString(mark.value());
        return mark.mask() == Mark.FULL_MASK ? value : value + "/0x" + Integer.toHexString(mark.mask());
    }
}
