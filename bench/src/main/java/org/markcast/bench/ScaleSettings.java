// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

/**
 * What the benchmark of the control plane is to measure.
 *
 * @param sas number of SAs that are there all the time
 * @param changes how often one more comes and goes
 * @param seconds how long packets are watched while SAs change, and again while they do not
 */
record ScaleSettings(int sas, int changes, int seconds) {}
