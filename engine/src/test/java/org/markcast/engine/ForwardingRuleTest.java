// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.engine.RuleFixture.CAROL;
import static org.markcast.engine.RuleFixture.DAVE;
import static org.markcast.engine.RuleFixture.ETH1;
import static org.markcast.engine.RuleFixture.ETH2;
import static org.markcast.engine.RuleFixture.HOST;
import static org.markcast.engine.counter.Counter.DROPPED_GROUP;
import static org.markcast.engine.counter.Counter.DROPPED_LOOP;
import static org.markcast.engine.counter.Counter.DROPPED_MALFORMED;
import static org.markcast.engine.counter.Counter.DROPPED_NO_TARGET;
import static org.markcast.engine.counter.Counter.DROPPED_TRUNCATED;
import static org.markcast.engine.counter.Counter.DROPPED_UNICAST;
import static org.markcast.engine.counter.Counter.DROPPED_UNKNOWN_MARK;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.markcast.engine.packet.TestPacket;
import org.markcast.engine.sa.TestSa;

class ForwardingRuleTest {

    private final RuleFixture fixture = new RuleFixture();

    @ParameterizedTest
    @ValueSource(strings = {"224.0.0.251", "239.255.255.250", "255.255.255.255", "10.1.255.255"})
    void shouldSendFromTheLanToEverySaThatMatches(String destination) {
        fixture.assertForwarded("LAN > carol dave", TestPacket.udp(HOST, 5353, destination, 5353));
    }

    @ParameterizedTest
    @ValueSource(strings = {"224.0.0.251", "255.255.255.255", "10.1.255.255"})
    void shouldSendFromAnSaToTheLan(String destination) {
        fixture.assertForwarded(
                "carol > LAN", TestPacket.udp(CAROL, 5353, destination, 5353).decapsulated(1));
    }

    @Test
    void shouldNeverReturnAPacketToItsOriginTunnel() {
        fixture.reinject("rw");

        fixture.assertForwarded("carol > dave LAN", TestPacket.mdns(CAROL).decapsulated(1));
        fixture.assertForwarded("dave > carol LAN", TestPacket.mdns(DAVE).decapsulated(2));
    }

    @Test
    void shouldNotReturnALanPacketToAnyLan() {
        fixture.lans(ETH1, ETH2);

        fixture.assertForwarded("LAN > carol dave", TestPacket.mdns(HOST));
    }

    @Test
    void shouldRememberFlowsOfDifferentOriginsApart() {
        fixture.reinject("rw").lans();
        fixture.sas(TestSa.roadWarrior("carol", 1, "10.1.0.0"), TestSa.roadWarrior("twin", 2, "10.1.0.0"));

        fixture.assertForwarded("carol > twin", TestPacket.mdns("10.1.0.0").decapsulated(1));
        fixture.assertForwarded("twin > carol", TestPacket.mdns("10.1.0.0").decapsulated(2));
        fixture.assertForwarded("carol > twin", TestPacket.mdns("10.1.0.0").decapsulated(1));
    }

    @Test
    void shouldKnowTheBroadcastAddressesOfTheLanInterfacesThatAreThereNow() {
        final TestPacket packet = TestPacket.udp(CAROL, 137, "10.3.0.255", 137).decapsulated(1);

        fixture.assertDropped(DROPPED_UNICAST, packet);
        fixture.lans(ETH1, ETH2).assertForwarded("carol > LAN", packet);
        fixture.lans(ETH1).assertDropped(DROPPED_UNICAST, packet);
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.1.0.1", "10.1.0.255", "8.8.8.8", "240.0.0.1"})
    void shouldDropUnicast(String destination) {
        fixture.assertDropped(DROPPED_UNICAST, TestPacket.udp(HOST, 5353, destination, 5353));
    }

    @Test
    void shouldForwardEveryGroupUnlessToldOtherwise() {
        final TestPacket ssdp = TestPacket.udp(HOST, 1900, "239.255.255.250", 1900);

        fixture.assertForwarded("LAN > carol dave", ssdp);
        fixture.strictGroups("224.0.0.251").assertDropped(DROPPED_GROUP, ssdp);
        fixture.assertDropped(
                DROPPED_GROUP, TestPacket.udp(CAROL, 1, "224.0.0.252", 1).decapsulated(1));
        fixture.assertForwarded("LAN > carol dave", TestPacket.mdns(HOST));
        fixture.assertForwarded("LAN > carol dave", TestPacket.udp(HOST, 1, "255.255.255.255", 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"224.0.0.1", "239.1.2.3", "255.255.255.255", "127.0.0.1", "0.0.0.0"})
    void shouldDropASourceThatIsNoHost(String source) {
        fixture.assertDropped(DROPPED_MALFORMED, TestPacket.mdns(source));
    }

    @Test
    void shouldDropWhatIsNoConsistentIpv4Packet() {
        fixture.assertDropped(DROPPED_MALFORMED, TestPacket.mdns(HOST).captured(19));
        fixture.assertDropped(DROPPED_MALFORMED, TestPacket.mdns(HOST).totalLength(19));
        fixture.assertDropped(DROPPED_MALFORMED, TestPacket.mdns(HOST).totalLength(37)); // 36 bytes on the wire
        fixture.assertDropped(
                DROPPED_MALFORMED, TestPacket.mdns(HOST).optionWords(5).captured(39));
    }

    @Test
    void shouldDropWhatTheCaptureCutOff() {
        fixture.assertDropped(DROPPED_TRUNCATED, TestPacket.mdns(HOST).captured(35));
        fixture.assertDropped(DROPPED_TRUNCATED, TestPacket.mdns(HOST).captured(20));
    }

    @Test
    void shouldNotMindLinkLayerPadding() {
        fixture.assertForwarded("LAN > carol dave", TestPacket.mdns(HOST).padding(10));
        fixture.assertForwarded(
                "LAN > carol dave", TestPacket.mdns(HOST).padding(10).captured(36));
    }

    @Test
    void shouldDropADecapsulatedPacketWithTheMarkOfNoSa() {
        fixture.assertDropped(DROPPED_UNKNOWN_MARK, TestPacket.mdns(CAROL).decapsulated(3));
        fixture.assertDropped(DROPPED_UNKNOWN_MARK, TestPacket.mdns(CAROL).decapsulated(0));
    }

    @Test
    void shouldTakeALanPacketWithSomebodyElsesMarkForALanPacket() {
        fixture.assertForwarded("LAN > carol dave", TestPacket.mdns(HOST).mark(77));
    }

    @Test
    void shouldKnowAnSaWhoseTunnelEndsOnALanInterface() {
        fixture.assertForwarded("carol > LAN", TestPacket.mdns(CAROL).mark(1));
    }

    @Test
    void shouldLetTheSourceDecideWhereMarksAreUnknown() {
        fixture.originBySource();

        fixture.assertForwarded("dave > LAN", TestPacket.mdns(DAVE).decapsulated(0));
        fixture.assertForwarded("dave > LAN", TestPacket.mdns(DAVE).decapsulated(1));
        fixture.assertForwarded("LAN > carol dave", TestPacket.mdns(DAVE));
        fixture.assertDropped(
                DROPPED_UNKNOWN_MARK, TestPacket.mdns("10.1.0.131").decapsulated(1));
    }

    @Test
    void shouldDropOurOwnFrameThatComesBack() {
        fixture.lans(ETH1, ETH2);

        fixture.assertDropped(DROPPED_LOOP, TestPacket.mdns(CAROL).mac(ETH1.mac()));
        fixture.assertDropped(DROPPED_LOOP, TestPacket.mdns(CAROL).mac(ETH2.mac()));
        fixture.assertForwarded("LAN > carol dave", TestPacket.mdns(CAROL).mac(0));
    }

    @Test
    void shouldNotTakeAnInterfaceWithoutHardwareAddressForALoop() {
        fixture.lans(
                new org.markcast.engine.port.LanInterface("tun0", TestPacket.LAN_INDEX, 0, 1500, ETH1.broadcasts()));

        fixture.assertForwarded("LAN > carol dave", TestPacket.mdns(HOST).mac(0));
    }

    @Test
    void shouldDropWhatNobodyWants() {
        fixture.sas(TestSa.bare("carol", 1)
                .local("10.1.0.0/16")
                .remote("239.0.0.0/8")
                .remote(CAROL + "/32"));
        fixture.assertDropped(DROPPED_NO_TARGET, TestPacket.mdns(HOST));

        fixture.lans();
        fixture.assertDropped(DROPPED_NO_TARGET, TestPacket.mdns(CAROL).decapsulated(1));
        fixture.reinject("rw");
        fixture.assertDropped(DROPPED_NO_TARGET, TestPacket.mdns(CAROL).decapsulated(1));
    }

    @Test
    void shouldSendFragmentsOnlyWhereNoPortIsAskedFor() {
        fixture.sas(
                TestSa.bare("any", 1).local("10.1.0.0/16").remote("224.0.0.0/4"),
                TestSa.bare("mdns", 2).local("10.1.0.0/16").remote("224.0.0.0/4", 17, 5353, 5353),
                TestSa.bare("udp", 3).local("10.1.0.0/16").remote("224.0.0.0/4", 17, 0, 0xffff));

        fixture.assertForwarded("LAN > any mdns udp", TestPacket.mdns(HOST));
        fixture.assertForwarded("LAN > any udp", TestPacket.mdns(HOST).fragment(0, true));
        fixture.assertForwarded("LAN > any udp", TestPacket.mdns(HOST).fragment(1480, false));
    }

    @Test
    void shouldCountMissesOfTheFlowCache() {
        fixture.outcome(TestPacket.mdns(HOST));
        final long misses = fixture.rule.flowCacheMisses();
        fixture.outcome(TestPacket.mdns(HOST).identification(2));
        assertEquals(misses, fixture.rule.flowCacheMisses());
        fixture.outcome(TestPacket.udp(HOST, 5354, "224.0.0.251", 5353));
        assertTrue(fixture.rule.flowCacheMisses() > misses);
    }
}
