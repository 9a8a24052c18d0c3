// SPDX-License-Identifier: Apache-2.0
/**
 * Provides packets: what arrives on the LAN, what tunnels brought, and what a capture file holds. Sources are polled by
 * forwarder threads; everything else here belongs to the control thread.
 */
package org.markcast.capture;
