// SPDX-License-Identifier: Apache-2.0
/** The demo: the real service on real packets in an emulated network, and a table of who received what. One thread. */
package org.markcast.daemon.demo;
