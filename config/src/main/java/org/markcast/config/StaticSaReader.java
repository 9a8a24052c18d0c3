// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.markcast.config.StaticSa.Mode;

/** Reads the sections below {@code static { }}, one at a time. */
final class StaticSaReader {

    private final String name;
    private final SectionReader section;
    private final Problems problems;
    private final MarkOverlaps inbound;
    private final MarkOverlaps outbound;
    private final Recent<List<TrafficSelector>> selectors;
    private final Uplinks uplinks;

    /** What concerns all sections. */
    private static final class All {

        private final Problems problems;
        private final MarkOverlaps inbound = new MarkOverlaps();
        private final MarkOverlaps outbound = new MarkOverlaps();
        private final Recent<List<TrafficSelector>> selectors = new Recent<>(TrafficSelector::parse);
        private final Uplinks uplinks;

        private All(Uplinks uplinks, Problems problems) {
            this.uplinks = uplinks;
            this.problems = problems;
        }
    }

    private StaticSaReader(String name, SectionReader section, All all) {
        this.name = name;
        this.section = section;
        this.problems = all.problems;
        this.inbound = all.inbound;
        this.outbound = all.outbound;
        this.selectors = all.selectors;
        this.uplinks = all.uplinks;
    }

    /**
     * The section {@code static { }}.
     *
     * @param uplinks whose marks must not be mixed up with those of SAs
     */
    static List<StaticSa> readAll(SectionView container, Uplinks uplinks, Problems problems) {
        final All all = new All(uplinks, problems);
        final List<StaticSa> sas = new ArrayList<>();
        for (final String name : container.sections().keySet()) {
            final SectionReader section = new SectionReader(Key.STATIC_SA, container.section(name), problems);
            new StaticSaReader(name, section, all).read().ifPresent(sas::add);
        }
        all.inbound.report(problems);
        all.outbound.report(problems);
        return sas;
    }

    /** The SA; empty if something is wrong with it, which is then among the problems. */
    private Optional<StaticSa> read() {
        section.checkNames(Set.of());
        final String child = section.value(Key.SA_CHILD, Values::childName).orElse(name);
        final Optional<Mode> mode = section.value(Key.SA_MODE, Values::mode);
        final Optional<Mark> markIn = mark(Key.SA_MARK_IN, inbound);
        final Optional<Mark> markOut = mark(Key.SA_MARK_OUT, outbound);
        final List<TrafficSelector> localTs = selectors(Key.SA_LOCAL_TS);
        final List<TrafficSelector> remoteTs = selectors(Key.SA_REMOTE_TS);
        final var localHost = section.value(Key.SA_LOCAL_HOST, AddressLiteral::parse);
        final var remoteHost = section.value(Key.SA_REMOTE_HOST, AddressLiteral::parse);
        final Optional<Integer> spiIn = section.value(Key.SA_SPI_IN, Values::spi);
        final Optional<Boolean> encap = section.value(Key.SA_ENCAP, Values::flag);
        final Optional<Integer> remotePort = section.value(Key.SA_REMOTE_PORT, Values::port);
        if (mode.isEmpty() || markIn.isEmpty() || markOut.isEmpty() || localTs.isEmpty() || remoteTs.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new StaticSa(
                name,
                child,
                mode.get(),
                markIn.get(),
                markOut.get(),
                localTs,
                remoteTs,
                localHost,
                remoteHost,
                spiIn.map(OptionalInt::of).orElse(OptionalInt.empty()),
                encap.orElse(false),
                remotePort.orElse(0))); // else among the problems
    }

    /** The mark of one direction, from its own key or from the one for both. */
    private Optional<Mark> mark(Key key, MarkOverlaps direction) {
        if (section.isSet(Key.SA_MARK) && section.isSet(key)) {
            problems.add(
                    section.position(key),
                    key.keyName() + ": cannot stand beside mark (" + section.position(Key.SA_MARK)
                            + "), which is for both directions");
            return Optional.empty();
        }
        final Key written = section.isSet(Key.SA_MARK) ? Key.SA_MARK : key;
        if (!section.isSet(written)) {
            missing(isEitherDirectionSet() ? key : Key.SA_MARK, "write mark = NUMBER, or mark_in and mark_out");
            return Optional.empty();
        }
        final Optional<Mark> mark = section.value(written, Values::mark);
        mark.ifPresent(found -> direction.add(name, written, found, section.position(written)));
        mark.flatMap(uplinks::conflictWith)
                .ifPresent(conflict -> problems.add(section.position(written), written.keyName() + ": " + conflict));
        return mark;
    }

    private boolean isEitherDirectionSet() {
        return section.isSet(Key.SA_MARK_IN) || section.isSet(Key.SA_MARK_OUT);
    }

    private List<TrafficSelector> selectors(Key key) {
        final List<TrafficSelector> parsed = section.flatList(key, selectors::get);
        if (parsed.isEmpty() && section.list(key, text -> text).isEmpty()) {
            missing(key, "write the selectors of the policy, e.g. 10.1.0.0/16, 224.0.0.0/4");
        }
        return parsed;
    }

    private void missing(Key key, String remedy) {
        problems.add(section.position(key), "SA '" + name + "' has no " + key.keyName() + ": " + remedy);
    }
}
