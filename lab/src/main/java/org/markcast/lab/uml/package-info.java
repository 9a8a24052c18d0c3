// SPDX-License-Identifier: Apache-2.0
/**
 * What the labs with real strongSwan and real ESP have in common: the hosts that {@code lab/uml} has built, their IKE daemons, the
 * engine under test, steps and checks. Entered by one thread, but for what starts a thread of its own.
 */
package org.markcast.lab.uml;
