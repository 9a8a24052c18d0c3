// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

/**
 * What the fan-out benchmark is to measure.
 *
 * @param sas number of static SAs
 * @param match how many of them want the sender's group
 * @param length bytes of each packet, IP header included
 * @param seconds how long the service is measured
 * @param forwarders threads of the service
 */
record FanoutSettings(int sas, int match, int length, int seconds, int forwarders) {}
