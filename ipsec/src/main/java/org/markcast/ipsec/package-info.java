// SPDX-License-Identifier: Apache-2.0
/** Knows which tunnels exist now. Belongs to the control thread. */
package org.markcast.ipsec;
