// SPDX-License-Identifier: Apache-2.0
/**
 * Puts it together: commands, life cycle, signals, status. The control thread owns what changes; the main
 * thread waits for signals, and the control socket has a thread of its own.
 */
package org.markcast.daemon;
