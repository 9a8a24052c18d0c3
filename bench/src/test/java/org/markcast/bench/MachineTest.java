// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class MachineTest {

    @Test
    void shouldNameTheProcessor() {
        assertEquals(
                "Some CPU: 3 GHz",
                Machine.cpuModel("processor\t: 0\nmodel\t\t: 2\nmodel name\t: Some CPU: 3 GHz\nmodel name\t: Other\n"));
    }

    @Test
    void shouldNameTheArchitectureWhereTheKernelNamesNoProcessor() {
        assertEquals(System.getProperty("os.arch"), Machine.cpuModel("processor\t: 0\nBogoMIPS\t: 50.00\n"));
    }
}
