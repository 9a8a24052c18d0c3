// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.nio.ByteBuffer;

/** Opens connections to charon. Everything, callbacks included, happens on one thread. */
interface Transport {

    /** One connection, or an attempt at one. */
    interface Connection {

        void send(byte[] bytes);

        /** Ends it; its receiver may still be called. Idempotent. */
        void close();
    }

    /** Takes what happens on a connection, never from within {@link Transport#connect}. */
    interface Receiver {

        void onConnected();

        /** The bytes are the receiver's for the duration of the call. */
        void onBytes(ByteBuffer bytes);

        /** Refused, broken or ended; may come more than once. */
        void onClosed(String reason);
    }

    Connection connect(Receiver receiver);
}
