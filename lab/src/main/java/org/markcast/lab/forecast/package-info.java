// SPDX-License-Identifier: Apache-2.0
/**
 * The lab with real strongSwan and real ESP: one program inside User-Mode Linux that leads the hosts which {@code lab/uml} has
 * built, sends packets among them and judges what arrives. One thread, but for streams.
 */
package org.markcast.lab.forecast;
