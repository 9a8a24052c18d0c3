// SPDX-License-Identifier: Apache-2.0
/**
 * Benchmarks: JMH ones of the hot path, each beside a plain baseline, and the fan-out of real packets through the real
 * service, beside a bare sending loop.
 */
package org.markcast.bench;
