// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Tests that need network namespaces of their own. As root they run or fail; anybody else may be told why they were
 * skipped.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("lab")
@Timeout(value = 120, unit = TimeUnit.SECONDS)
@ExtendWith(NetworkNamespaceCondition.class)
public @interface NetworkNamespaceTest {}
