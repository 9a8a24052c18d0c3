// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.markcast.config.Config.Source;
import org.markcast.config.Mark;
import org.markcast.config.StaticSa.Mode;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaSet;
import org.markcast.engine.sa.SaSet.Unhandled;

class SaRegistryTest {

    private final SaRegistry registry = new SaRegistry();

    private static Sa sa(String name, int markIn, int markOut) {
        return new Sa(
                name,
                "rw",
                Mode.TUNNEL,
                new Mark(markIn, Mark.FULL_MASK),
                new Mark(markOut, Mark.FULL_MASK),
                List.of(),
                List.of(),
                List.of());
    }

    @Test
    void shouldJoinWhatTheSourcesKnow() {
        registry.put(Source.VICI, new SaSet(List.of(sa("rw.1", 1, 1)), List.of(new Unhandled("site", "no marks"))));
        registry.put(Source.STATIC, new SaSet(List.of(sa("carol", 2, 3)), List.of()));

        assertEquals(
                List.of(sa("carol", 2, 3), sa("rw.1", 1, 1)), registry.merged().sas());
        assertEquals(
                List.of(new Unhandled("site", "no marks")), registry.merged().unhandled());
    }

    @Test
    void shouldPreferWhatTheOperatorHasWritten() {
        registry.put(
                Source.VICI,
                new SaSet(List.of(sa("rw.1", 2, 9), sa("carol", 7, 7), sa("rw.3", 8, 3), sa("rw.4", 4, 4)), List.of()));
        registry.put(Source.STATIC, new SaSet(List.of(sa("carol", 2, 3)), List.of()));

        assertEquals(
                List.of(sa("carol", 2, 3), sa("rw.4", 4, 4)), registry.merged().sas());
        assertEquals(
                List.of(
                        new Unhandled("rw.1", "SA carol has its inbound mark 2"),
                        new Unhandled("carol", "another SA has its name"),
                        new Unhandled("rw.3", "SA carol has its outbound mark 3")),
                registry.merged().unhandled());
    }

    @Test
    void shouldNoticeMarksThatOverlapUnderAMask() {
        final Sa masked = new Sa(
                "masked",
                "rw",
                Mode.TUNNEL,
                new Mark(0x100, 0xff00),
                new Mark(0x100, 0xff00),
                List.of(),
                List.of(),
                List.of());
        registry.put(Source.STATIC, new SaSet(List.of(masked), List.of()));
        registry.put(Source.VICI, new SaSet(List.of(sa("rw.1", 0x123, 0x123), sa("rw.2", 0x223, 0x223)), List.of()));

        assertEquals(
                List.of(masked, sa("rw.2", 0x223, 0x223)), registry.merged().sas());
    }

    @Test
    void shouldForgetWhatASourceNoLongerKnows() {
        registry.put(Source.VICI, new SaSet(List.of(sa("rw.1", 1, 1)), List.of()));
        registry.put(Source.VICI, SaSet.EMPTY);

        assertEquals(SaSet.EMPTY, registry.merged());
    }
}
