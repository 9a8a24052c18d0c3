// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.daemon.emulation.ServiceConfig;

/** An SA between IPv6 endpoints is an SA like any other: what it carries is IPv4. */
@NetworkNamespaceTest
class ForwardIpv6EndpointsTest {

    @Test
    void shouldForwardToAndFromAnSaBetweenIpv6EndpointsF1(@TempDir Path directory) throws Exception {
        try (Scene scene = Scene.startWithText(
                        Scene.network().client("carol", 1, 101).client("dave", 2, 102),
                        ForwardIpv6EndpointsTest::withIpv6Endpoints);
                Observation seen = scene.observe()) {
            final Ipv4Packet fromAlice = packetFrom("10.1.0.10");
            final Ipv4Packet fromCarol = packetFrom("10.1.1.1");
            scene.alice().send(fromAlice);
            scene.client("carol").send(fromCarol);

            seen.settle(new Books().forwarded(2).sent(3));
            assertEquals(List.of(fromAlice), seen.at("carol"));
            assertEquals(List.of(fromAlice), seen.at("dave"));
            assertEquals(List.of(fromCarol), seen.atAlice());

            final Path file = Files.writeString(
                    directory.resolve("markcast.conf"),
                    withIpv6Endpoints(scene.emulation().serviceConfig()));
            final String effective = scene.gateway()
                    .run(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            "org.markcast.daemon.Main",
                            "check",
                            "-c",
                            file.toString());
            assertTrue(effective.contains("remote_host = 2001:db8:"), effective);
        }
    }

    private static String withIpv6Endpoints(ServiceConfig config) {
        return config.text()
                .replace("child = rw\n", "child = rw\nlocal_host = 2001:db8::1\nremote_host = 2001:db8:c::100\n");
    }

    private static Ipv4Packet packetFrom(String source) {
        return Ipv4Packet.udp(source, 5353, "224.0.0.251", 5353, Payload.of(90))
                .timeToLive(255)
                .build();
    }
}
