// SPDX-License-Identifier: Apache-2.0
/**
 * A network of network namespaces with a gateway, LAN hosts and clients behind emulated tunnels, and the service as a child
 * process in its gateway: for the demo, the fan-out benchmark and the end-to-end tests. Packets are real, only ESP is not
 * there. Used by one thread at a time.
 */
package org.markcast.daemon.emulation;
