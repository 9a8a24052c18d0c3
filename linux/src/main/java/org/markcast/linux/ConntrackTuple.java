// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

/**
 * A tracked IPv4 connection, by the packets of one of its ends before translation; addresses in host order.
 *
 * @param sourcePort 0 if the protocol has none, as ESP
 */
public record ConntrackTuple(int protocol, int source, int destination, int sourcePort, int destinationPort) {}
