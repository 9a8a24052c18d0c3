// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter.uplink;

import java.util.OptionalInt;
import org.markcast.netfilter.NumberedUplink;

/**
 * What is known of an uplink now. Addresses are in host order.
 *
 * @param condition {@code up}, or why it cannot be used
 * @param gateway the next hop, 0 on a link that needs none; empty while it is not known
 * @param connections how many are pinned to it; empty if the kernel does not tell
 */
public record UplinkState(
        NumberedUplink numbered, String condition, OptionalInt address, OptionalInt gateway, OptionalInt connections) {}
