// SPDX-License-Identifier: Apache-2.0
/**
 * Delivers copies in batches: whole packets with a mark to tunnels, frames to the LAN. Everything here belongs to the one
 * forwarder thread that sends.
 */
package org.markcast.injector;
