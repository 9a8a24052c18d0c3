// SPDX-License-Identifier: Apache-2.0
/**
 * Decides which tunnel gets a copy of which packet. Pure Java: no sockets, no files, no threads of its own but the agents
 * that run it; has never heard of Linux.
 */
package org.markcast.engine;
