// SPDX-License-Identifier: Apache-2.0
/**
 * {@code bin/lab connmark}: clients in transport mode behind NATs, and a gateway that must tell them apart. One thread for the
 * checks, one for each server, session and stream.
 */
package org.markcast.lab.connmark;
