// SPDX-License-Identifier: Apache-2.0
/**
 * SAs as strongSwan's charon tells them over VICI, its control socket. Everything here lives on one event loop thread per
 * {@link org.markcast.ipsec.vici.ViciSource}.
 */
package org.markcast.ipsec.vici;
