// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import com.sun.security.auth.module.UnixSystem;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.markcast.linux.LinuxException;
import org.markcast.linux.NetworkNamespace;

/** Whether network namespaces can be made here. Root who cannot is a failure, never a skip. */
final class NetworkNamespaceCondition implements ExecutionCondition {

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        try (NetworkNamespace tried = NetworkNamespace.create()) {
            return ConditionEvaluationResult.enabled("network namespaces can be made: " + tried.path());
        } catch (LinuxException e) {
            if (new UnixSystem().getUid() == 0) {
                throw e;
            }
            return ConditionEvaluationResult.disabled("no network namespaces without root here, try"
                    + " unshare --user --map-root-user --net: " + e.getMessage());
        }
    }
}
