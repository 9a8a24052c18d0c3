// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

/** The arrows between modules that Maven cannot hold, or that are finer than a module. */
class ArchitectureTest {

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("org.markcast");

    private static final DescribedPredicate<JavaClass> ADDRESSES = DescribedPredicate.describe(
            "addresses as values",
            type -> type.isAssignableTo(InetAddress.class) || type.isEquivalentTo(UnknownHostException.class));

    private static final DescribedPredicate<JavaClass> SOCKETS_FILES_AND_THREADS = resideInAPackage("java.net..")
            .and(not(ADDRESSES))
            .or(resideInAnyPackage("java.nio.file..", "java.nio.channels.."))
            .or(DescribedPredicate.describe(
                    "files or threads of java.base",
                    type -> type.isAssignableTo(Thread.class)
                            || type.isAssignableTo(Executor.class)
                            || type.isEquivalentTo(ProcessBuilder.class)
                            || type.getName().startsWith("java.io.File")))
            .as("are sockets, files or threads");

    @Test
    void shouldKeepNativeCodeInLinux() {
        noClasses()
                .that()
                .resideOutsideOfPackage("org.markcast.linux..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("jnr..", "com.kenai..")
                .because("errno and pointers end at the linux module")
                .check(CLASSES);
    }

    @Test
    void shouldReadCaptureFilesInCapture() {
        noClasses()
                .that()
                .resideOutsideOfPackage("org.markcast.capture..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.pcap4j..", "com.sun.jna..")
                .because("pcap4j is no longer developed: only capture files may need it")
                .check(CLASSES);
    }

    @Test
    void shouldKeepNettyWhereSocketsAreServed() {
        noClasses()
                .that()
                .resideOutsideOfPackages("org.markcast.ipsec.vici..", "org.markcast.daemon..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.netty..")
                .because("control traffic has its event loop, packets have their agents")
                .check(CLASSES);
    }

    @Test
    void shouldKeepTheEngineOnItsOwn() {
        classes()
                .that()
                .resideInAPackage("org.markcast.engine..")
                .should()
                .onlyDependOnClassesThat(
                        resideInAnyPackage("org.markcast.engine..", "org.markcast.config..", "org.agrona..", "java.."))
                .because("it must build, run and be measured anywhere, without privileges")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("org.markcast.engine..")
                .should()
                .dependOnClassesThat(SOCKETS_FILES_AND_THREADS)
                .because("capture, injector and daemon own those, behind the engine's ports")
                .check(CLASSES);
    }

    @Test
    void shouldHaveNoCycles() {
        slices().matching("org.markcast.(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void shouldLeaveTheConsoleToTheCommands() {
        noClasses()
                .that()
                .resideOutsideOfPackages("org.markcast.daemon..", "org.markcast.bench..")
                .should(ACCESS_STANDARD_STREAMS)
                .orShould()
                .callMethod(System.class, "exit", int.class)
                .because("only a command knows who reads, and when the process ends")
                .check(CLASSES);
    }

    @Test
    void shouldKeepSiblingsApart() {
        final List<String> siblings = List.of("capture", "injector", "ipsec", "netfilter");
        for (final String sibling : siblings) {
            final String[] others = siblings.stream()
                    .filter(other -> !other.equals(sibling))
                    .map(other -> "org.markcast." + other + "..")
                    .toArray(String[]::new);
            noClasses()
                    .that()
                    .resideInAPackage("org.markcast." + sibling + "..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(others)
                    .because("they meet in the engine's ports, so that each can be replaced")
                    .allowEmptyShould(true) // some siblings are still to come
                    .check(CLASSES);
        }
    }
}
