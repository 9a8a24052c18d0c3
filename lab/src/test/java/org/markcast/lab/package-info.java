// SPDX-License-Identifier: Apache-2.0
/** End-to-end proof on real packets, in network namespaces. */
package org.markcast.lab;
