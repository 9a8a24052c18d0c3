// SPDX-License-Identifier: Apache-2.0
/**
 * Puts it together: commands, life cycle, signals, status. Entered by the main thread, which becomes the control thread;
 * the control socket has a thread of its own.
 */
package org.markcast.daemon;
