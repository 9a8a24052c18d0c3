// SPDX-License-Identifier: Apache-2.0
/**
 * The system calls that markcast needs, spoken as Java: packet sockets and their rings, raw sockets, netlink, namespaces,
 * errno. File descriptors, addresses and struct layouts end here. Layouts are those of 64-bit Linux.
 */
package org.markcast.linux;
