// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

/**
 * What travels in one segment of the stream.
 *
 * @param name of the command or event; empty where the type has none
 * @param message empty where the type has none
 */
record ViciPacket(Type type, String name, ViciMessage message) {

    /** Limit of one segment, in bytes without its length field: charon's own. */
    static final int MAX_LENGTH = 512 * 1024;

    /** In the order of their codes on the wire, from 0. */
    enum Type {
        CMD_REQUEST(true, true),
        CMD_RESPONSE(false, true),
        CMD_UNKNOWN(false, false),
        EVENT_REGISTER(true, false),
        EVENT_UNREGISTER(true, false),
        EVENT_CONFIRM(false, false),
        EVENT_UNKNOWN(false, false),
        EVENT(true, true);

        private final boolean isNamed;
        private final boolean hasMessage;

        Type(boolean isNamed, boolean hasMessage) {
            this.isNamed = isNamed;
            this.hasMessage = hasMessage;
        }

        boolean isNamed() {
            return isNamed;
        }

        boolean hasMessage() {
            return hasMessage;
        }
    }

    static ViciPacket request(String command) {
        return new ViciPacket(Type.CMD_REQUEST, command, ViciMessage.EMPTY);
    }

    static ViciPacket register(String event) {
        return new ViciPacket(Type.EVENT_REGISTER, event, ViciMessage.EMPTY);
    }

    /** For logs: what it is, without what it holds. */
    String describe() {
        return name.isEmpty() ? type.name() : type + " " + name;
    }
}
