// SPDX-License-Identifier: Apache-2.0
/**
 * Uplinks as they come and go: routing rules and tables follow them, and connections that can no longer work are released. The
 * nftables side is {@link org.markcast.netfilter.UplinkRules}. The control thread enters it.
 */
package org.markcast.netfilter.uplink;
