// SPDX-License-Identifier: Apache-2.0
/** Packets seen in place, off the heap. Flyweights belong to the one forwarder thread that moves them. */
package org.markcast.engine.packet;
