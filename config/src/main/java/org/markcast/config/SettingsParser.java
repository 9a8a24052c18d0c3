// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.markcast.config.Section.Reference;
import org.markcast.config.Section.Setting;

/**
 * Reads the syntax of strongswan.conf(5) into {@link Section}s. After a problem it goes on with the next line or brace.
 *
 * <pre>
 *  settings   := ( section | key | include )*
 *  section    := name [ ":" reference ( "," reference )* ] "{" settings "}"
 *  key        := name "=" [ value ]          a value ends at the line's end, at "}" and at "#"
 *  include    := "include" pattern           settings of the files belong to the section that includes them
 * </pre>
 */
final class SettingsParser {

    private static final char END = '\0';

    private record OpenSection(String name, Section section, Position position) {}

    private final Path file;
    private final String text;
    private final Problems problems;
    private final Set<Path> includers;
    private final Deque<OpenSection> open = new ArrayDeque<>();
    private final Recent<String> shared = new Recent<>(Function.identity());
    private int at;
    private int line = 1;

    private SettingsParser(Path file, String text, Section section, Set<Path> includers, Problems problems) {
        this.file = file;
        this.text = text;
        this.includers = includers;
        this.problems = problems;
        open.push(new OpenSection("", section, new Position(file, 1)));
    }

    /** Reads a file and what it includes; null if the file itself cannot be read, which is then the only problem. */
    static Section parse(Path file, Problems problems) {
        final Section root = new Section(new Position(file, 1));
        try {
            parse(file, root, Set.of(), problems);
            return root;
        } catch (IOException e) {
            problems.add(file, "cannot read: " + reason(e));
            return null;
        }
    }

    private static void parse(Path file, Section into, Set<Path> includers, Problems problems) throws IOException {
        final Set<Path> files = new HashSet<>(includers);
        if (!files.add(realPath(file))) {
            throw new IOException("the file is already being read: it includes itself");
        }
        // Not readString: a comment in another encoding is no reason to refuse the file.
        final String text = new String(Files.readAllBytes(file), UTF_8);
        new SettingsParser(file, text, into, files, problems).settings();
    }

    private static Path realPath(Path file) {
        try {
            return file.toRealPath();
        } catch (IOException e) {
            return file.toAbsolutePath(); // a pipe such as /dev/stdin has no real path and can be read all the same
        }
    }

    private void settings() {
        for (skipSpace(); !isAtEnd(); skipSpace()) {
            if (accept('}')) {
                close();
            } else {
                statement();
            }
        }
        while (open.size() > 1) {
            final OpenSection section = open.pop();
            problems.add(section.position, "section '" + section.name + "' has no closing '}'");
        }
    }

    private void close() {
        if (open.size() > 1) {
            open.pop();
        } else {
            problems.add(here(), "'}' without a section to close");
        }
    }

    private void statement() {
        final Position start = here();
        final String name = name();
        skipBlanks();
        if (name.isEmpty()) {
            problems.add(start, "unexpected '" + peek() + "', expected a key or a section");
            skipStatement();
        } else if (name.equals("include") && "={:".indexOf(peek()) < 0) {
            include(start);
        } else if (accept('=')) {
            open.peek().section.settings().put(name, new Setting(value(), file, start.line()));
        } else {
            section(name, start);
        }
    }

    private void section(String name, Position start) {
        skipSpace();
        final List<Reference> references = accept(':') ? references() : List.of();
        if (accept('{')) {
            final Section parent = open.peek().section;
            final Section section = parent.open(name, start);
            section.refer(references);
            open.push(new OpenSection(name, section, start));
            return;
        }
        problems.add(start, "expected '=' or '{' after '" + name + "'");
        if (line == start.line()) {
            skipStatement();
        }
    }

    private List<Reference> references() {
        final List<Reference> references = new ArrayList<>();
        do {
            skipSpace();
            final Position position = here();
            final String name = name();
            if (name.isEmpty()) {
                problems.add(position, "expected the name of a section to inherit from");
            } else {
                references.add(new Reference(name, position));
            }
            skipSpace();
        } while (accept(','));
        return references;
    }

    /** Goes on after a problem, at the line's end or a brace; a section that opens here is read for its problems. */
    private void skipStatement() {
        while (!isAtEnd() && "\n#{}".indexOf(peek()) < 0) {
            next();
        }
        final Position position = here();
        if (accept('{')) {
            open.push(new OpenSection("", new Section(position), position));
        }
    }

    private void include(Position start) {
        final String pattern = value();
        if (pattern == null || pattern.isEmpty()) {
            problems.add(start, "include needs the name of a file");
            return;
        }
        try {
            for (final Path included : Wildcards.expand(file.resolveSibling(""), pattern)) {
                includeFile(included, start);
            }
        } catch (IOException | IllegalArgumentException e) {
            problems.add(start, "cannot include " + pattern + ": " + reason(e));
        }
    }

    private void includeFile(Path included, Position start) {
        try {
            parse(included, open.peek().section, includers, problems);
        } catch (IOException e) {
            problems.add(start, "cannot include " + included + ": " + reason(e));
        }
    }

    /** A name; {@code ::} stands for a colon. Empty if there is none here. */
    private String name() {
        final int start = at;
        while (at < text.length() && isPlainInName(text.charAt(at))) {
            at++;
        }
        final String plain = shared.get(text.substring(start, at));
        return peek() == ':' && text.startsWith("::", at) ? plain + restOfName() : plain;
    }

    private static boolean isPlainInName(char c) {
        return c != ':' && isInName(c);
    }

    private static boolean isInName(char c) {
        return switch (c) {
            case ',', '{', '}', '=', '"', '#' -> false;
            default -> c > ' ';
        };
    }

    /** From the first {@code ::} on. */
    private String restOfName() {
        final StringBuilder name = new StringBuilder();
        while (isInName(peek())) {
            if (peek() == ':' && !text.startsWith("::", at)) {
                break;
            }
            final char c = next();
            name.append(c);
            if (c == ':') {
                next();
            }
        }
        return name.toString();
    }

    /** Words and quoted strings up to the end of the value, blanks between them kept; null if there is nothing. */
    private String value() {
        skipBlanks();
        final int start = at;
        int end = start;
        for (; at < text.length() && isPlainInValue(text.charAt(at)); at++) {
            end = text.charAt(at) > ' ' ? at + 1 : end;
        }
        if (peek() == '"') {
            at = start;
            return quotedValue();
        }
        return end == start ? null : shared.get(text.substring(start, end));
    }

    private static boolean isPlainInValue(char c) {
        return switch (c) {
            case '\n', '#', '}', '"' -> false;
            default -> true;
        };
    }

    /** A value that holds a quoted string. */
    private String quotedValue() {
        final StringBuilder value = new StringBuilder();
        int length = -1;
        while (!isAtEnd() && "\n#}".indexOf(peek()) < 0) {
            if (peek() == '"') {
                string(value);
                length = value.length();
            } else {
                final char c = next();
                value.append(c);
                length = c > ' ' ? value.length() : length;
            }
        }
        return length < 0 ? null : value.substring(0, length);
    }

    private void string(StringBuilder value) {
        final int opening = at;
        final Position start = here();
        next();
        while (!isAtEnd()) {
            final char c = next();
            if (c == '"') {
                return;
            }
            if (c == '\\' && !isAtEnd()) {
                escape(value);
            } else {
                value.append(c);
            }
        }
        problems.add(start, "string has no closing '\"'");
        value.setLength(0);
        line = start.line();
        at = text.indexOf('\n', opening) < 0 ? text.length() : text.indexOf('\n', opening);
    }

    private void escape(StringBuilder value) {
        final char c = next();
        switch (c) {
            case 'n' -> value.append('\n');
            case 'r' -> value.append('\r');
            case 't' -> value.append('\t');
            case 'b' -> value.append('\b');
            case 'f' -> value.append('\f');
            case '\n' -> {} // the string goes on on the next line
            default -> value.append(c);
        }
    }

    private void skipBlanks() {
        while (at < text.length() && text.charAt(at) <= ' ' && text.charAt(at) != '\n') {
            at++;
        }
    }

    /** Blanks, line ends and comments. */
    private void skipSpace() {
        while (!isAtEnd() && (peek() <= ' ' || peek() == '#')) {
            if (next() == '#') {
                at = text.indexOf('\n', at) < 0 ? text.length() : text.indexOf('\n', at);
            }
        }
    }

    private boolean accept(char expected) {
        final boolean isHere = !isAtEnd() && peek() == expected;
        if (isHere) {
            next();
        }
        return isHere;
    }

    private boolean isAtEnd() {
        return at == text.length();
    }

    private char peek() {
        return isAtEnd() ? END : text.charAt(at);
    }

    private char next() {
        final char c = text.charAt(at++);
        line += c == '\n' ? 1 : 0;
        return c;
    }

    private Position here() {
        return new Position(file, line);
    }

    private static String reason(Exception e) {
        if (e instanceof NoSuchFileException) {
            return "no such file";
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }
}
