// SPDX-License-Identifier: Apache-2.0
/** Everything that is counted. Each counter has one writing thread; anybody reads, from other processes too. */
package org.markcast.engine.counter;
