// SPDX-License-Identifier: Apache-2.0
/**
 * Makes the kernel agree with our marks: renders nftables rules from SAs and keeps the kernel's tables equal to them. Belongs to
 * the control thread.
 */
package org.markcast.netfilter;
