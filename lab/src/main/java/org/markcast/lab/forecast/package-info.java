// SPDX-License-Identifier: Apache-2.0
/**
 * {@code bin/lab forecast}: one program inside User-Mode Linux that sends multicasts among the hosts and judges what arrives. One
 * thread, but for streams.
 */
package org.markcast.lab.forecast;
