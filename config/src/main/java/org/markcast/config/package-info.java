// SPDX-License-Identifier: Apache-2.0
/**
 * What the operator writes: the syntax of strongswan.conf, the typed settings, and their validation. An instance that
 * exists is valid. Pure values and parsing; used from the control thread only.
 */
package org.markcast.config;
