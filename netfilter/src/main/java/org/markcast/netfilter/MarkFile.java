// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import org.markcast.config.AddressLiteral;
import org.markcast.config.Mark;
import org.markcast.engine.sa.Sa.Outer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Remembers from one run of the service to the next whose connections have which conntrack mark. A line for each owner, without a
 * name if it is gone, with any number of outer ends; names are written as in a URL's query, SPIs in hexadecimal digits:
 *
 * <pre>
 *   MARK [NAME [LOCAL LOCAL-PORT REMOTE REMOTE-PORT SPI (esp|udp)]...]
 * </pre>
 */
final class MarkFile {

    private static final Logger LOG = LoggerFactory.getLogger(MarkFile.class);

    private static final int COLUMNS_BEFORE_OUTERS = 2;
    private static final int COLUMNS_OF_OUTER = 6;
    private static final String ENCAPSULATED = "udp";
    private static final String PLAIN = "esp";

    private final LineFile file;

    MarkFile(Path path) {
        file = new LineFile(path, "owners of marks");
    }

    /** Without the lines that nobody can have written. */
    List<MarkOwner> read() {
        final List<MarkOwner> owners = new ArrayList<>();
        String firstProblem = null;
        for (final String line : file.read()) {
            try {
                owners.add(owner(line));
            } catch (IllegalArgumentException e) {
                firstProblem = firstProblem == null ? e.getMessage() : firstProblem;
            }
        }
        if (firstProblem != null) {
            LOG.warn("{} holds lines that name no owner of a mark: {}", file, firstProblem);
        }
        return owners;
    }

    private static MarkOwner owner(String line) {
        final String[] columns = line.split(" ", -1);
        final Mark mark = Mark.parse(columns[0]);
        if (mark.value() == 0) {
            throw new IllegalArgumentException("no connection has mark " + mark);
        }
        if (columns.length == 1) {
            return MarkOwner.gone(mark);
        }
        if (columns[1].isEmpty() || (columns.length - COLUMNS_BEFORE_OUTERS) % COLUMNS_OF_OUTER != 0) {
            throw new IllegalArgumentException(columns.length + " columns");
        }
        final List<Outer> outers = new ArrayList<>();
        for (int i = COLUMNS_BEFORE_OUTERS; i < columns.length; i += COLUMNS_OF_OUTER) {
            outers.add(new Outer(
                    AddressLiteral.parse(columns[i]),
                    AddressLiteral.parse(columns[i + 2]),
                    Integer.parseInt(columns[i + 1]),
                    Integer.parseInt(columns[i + 3]),
                    Integer.parseUnsignedInt(columns[i + 4], 16),
                    isEncapsulated(columns[i + 5])));
        }
        return new MarkOwner(URLDecoder.decode(columns[1], StandardCharsets.UTF_8), mark, outers);
    }

    private static boolean isEncapsulated(String word) {
        if (!word.equals(ENCAPSULATED) && !word.equals(PLAIN)) {
            throw new IllegalArgumentException("'" + word + "' is neither " + PLAIN + " nor " + ENCAPSULATED);
        }
        return word.equals(ENCAPSULATED);
    }

    /** Replaces what was remembered. */
    void write(Collection<MarkOwner> owners) {
        file.write(owners.stream().map(MarkFile::line).collect(Collectors.joining()));
    }

    private static String line(MarkOwner owner) {
        final StringBuilder line = new StringBuilder(owner.mark().toString());
        if (!owner.isGone()) {
            line.append(' ').append(URLEncoder.encode(owner.name(), StandardCharsets.UTF_8));
        }
        for (final Outer outer : owner.outers()) {
            line.append(' ')
                    .append(AddressLiteral.format(outer.local()))
                    .append(' ')
                    .append(outer.localPort());
            line.append(' ')
                    .append(AddressLiteral.format(outer.remote()))
                    .append(' ')
                    .append(outer.remotePort());
            line.append(' ').append(Integer.toHexString(outer.spiIn()));
            line.append(' ').append(outer.encap() ? ENCAPSULATED : PLAIN);
        }
        return line.append('\n').toString();
    }
}
