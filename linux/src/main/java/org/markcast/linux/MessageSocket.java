// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

/** A socket that sends batches of prepared messages. Used by one thread. */
public interface MessageSocket extends AutoCloseable {

    /**
     * Sends messages without waiting (sendmmsg(2)). Stops at the first one that fails; its error comes back when it is the
     * first of a call.
     *
     * @return how many were sent, at least 1, or the negated errno of message {@code first}
     */
    int send(MessageBatch batch, int first, int count);

    @Override
    void close();
}
