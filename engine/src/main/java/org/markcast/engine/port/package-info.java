// SPDX-License-Identifier: Apache-2.0
/** What the engine needs from its surroundings; the sibling modules implement it. */
package org.markcast.engine.port;
