// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.net.InetAddress;

/**
 * An address prefix (RFC 4632 for IPv4, RFC 4291 for IPv6). Bits behind the prefix length are zero.
 *
 * @param address the network address
 * @param length number of leading bits that count, 0 to 32 or 128
 */
public record Prefix(InetAddress address, int length) {}
