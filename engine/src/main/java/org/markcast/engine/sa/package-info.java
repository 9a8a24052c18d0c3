// SPDX-License-Identifier: Apache-2.0
/** Which SAs exist and which packets match them: immutable snapshots, built by the control thread, read by forwarders. */
package org.markcast.engine.sa;
