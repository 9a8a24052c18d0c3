// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.util.List;
import org.markcast.ipsec.vici.ViciPacket.Type;

/** The packets that charon sends. */
final class CharonMessages {

    static final ViciPacket CONFIRM = new ViciPacket(Type.EVENT_CONFIRM, "", ViciMessage.EMPTY);
    static final ViciPacket END_OF_LIST = new ViciPacket(Type.CMD_RESPONSE, "", ViciMessage.EMPTY);

    private static final String CONNECTION = "roadwarriors";

    private CharonMessages() {}

    static ViciPacket event(String name, ViciMessage message) {
        return new ViciPacket(Type.EVENT, name, message);
    }

    /** An IKE_SA with its children, which are not empty. */
    static ViciPacket listed(List<ScriptedSa> children) {
        return event(
                "list-sa",
                ViciMessage.builder()
                        .section(CONNECTION, withChildren(children))
                        .build());
    }

    static ViciPacket listed(ScriptedSa child) {
        return listed(List.of(child));
    }

    static ViciPacket childUp(ScriptedSa child) {
        return event(
                "child-updown",
                ViciMessage.builder()
                        .value("up", "yes")
                        .section(CONNECTION, withChildren(List.of(child)))
                        .build());
    }

    static ViciPacket childDown(ScriptedSa child) {
        return event(
                "child-updown",
                ViciMessage.builder()
                        .section(CONNECTION, withChildren(List.of(child)))
                        .build());
    }

    static ViciPacket childRekey(ScriptedSa old, ScriptedSa successor) {
        final ViciMessage pair = ViciMessage.builder()
                .section("old", old.in("REKEYED").section().build())
                .section("new", successor.section().build())
                .build();
        final ViciMessage children =
                ViciMessage.builder().section(old.child(), pair).build();
        return event(
                "child-rekey",
                ViciMessage.builder()
                        .section(
                                CONNECTION,
                                successor.ike().section("child-sas", children).build())
                        .build());
    }

    static ViciPacket ikeDown(ScriptedSa child) {
        return event(
                "ike-updown",
                ViciMessage.builder().section(CONNECTION, child.ike().build()).build());
    }

    static ViciPacket ikeUp(ScriptedSa child) {
        return event(
                "ike-updown",
                ViciMessage.builder()
                        .value("up", "yes")
                        .section(CONNECTION, child.ike().build())
                        .build());
    }

    static ViciPacket ikeRekey(ScriptedSa old, ScriptedSa successor) {
        final ViciMessage pair = ViciMessage.builder()
                .section("old", old.ike().build())
                .section("new", successor.ike().build())
                .build();
        return event(
                "ike-rekey", ViciMessage.builder().section(CONNECTION, pair).build());
    }

    /** Announces the endpoints of {@code after}; its section still has those of {@code before}. */
    static ViciPacket ikeUpdate(ScriptedSa before, ScriptedSa after) {
        return event(
                "ike-update",
                ViciMessage.builder()
                        .value("local-host", "192.168.0.1")
                        .value("local-port", "4500")
                        .value("remote-host", after.remoteHost())
                        .value("remote-port", Integer.toString(after.remotePort()))
                        .section(CONNECTION, before.ike().build())
                        .build());
    }

    private static ViciMessage withChildren(List<ScriptedSa> children) {
        final ViciMessage.Builder sections = ViciMessage.builder();
        for (final ScriptedSa child : children) {
            sections.section(child.label(), child.section().build());
        }
        return children.get(0).ike().section("child-sas", sections.build()).build();
    }
}
