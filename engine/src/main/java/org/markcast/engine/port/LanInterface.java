// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.port;

import java.util.List;

/**
 * A LAN interface as it is now. Immutable; a change of the interface is a new instance.
 *
 * @param name interface name
 * @param index interface index
 * @param mac hardware address in the low 48 bits
 * @param mtu largest IP packet in bytes
 * @param broadcasts directed broadcast addresses of its networks, in host order
 */
public record LanInterface(String name, int index, long mac, int mtu, List<Integer> broadcasts) {}
