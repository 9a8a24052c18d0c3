// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.util.List;

/**
 * One CHILD_SA of a roadwarrior as {@link ScriptedCharon} reports it, in the keys that charon 5.9.8 prints.
 *
 * @param mark in both directions; 0: it has none
 * @param vip the client's address inside the tunnel
 * @param cpu of a per-CPU SA, else {@link #ANY_CPU}
 * @param groups of the client's, as a selector
 * @param transportFrom the gateway's address, which alone the SA protects in transport mode; null: it is in tunnel mode
 */
public record ScriptedSa(
        long ikeId,
        long childId,
        long reqid,
        String child,
        String state,
        int mark,
        int spiIn,
        String vip,
        String remoteHost,
        int remotePort,
        boolean encap,
        int cpu,
        String groups,
        String transportFrom) {

    static final int ANY_CPU = -1;

    private static final String ALL_GROUPS = "224.0.0.0/4";

    /** Whose client takes packets to all groups. */
    public ScriptedSa(
            long ikeId,
            long childId,
            long reqid,
            String child,
            String state,
            int mark,
            int spiIn,
            String vip,
            String remoteHost,
            int remotePort,
            boolean encap,
            int cpu) {
        this(
                ikeId,
                childId,
                reqid,
                child,
                state,
                mark,
                spiIn,
                vip,
                remoteHost,
                remotePort,
                encap,
                cpu,
                ALL_GROUPS,
                null);
    }

    /** Client number n, from 1, with everything derived from its number. */
    public static ScriptedSa client(int n) {
        final String low = (n >> 16 & 0xff) + "." + (n >> 8 & 0xff) + "." + (n & 0xff);
        return new ScriptedSa(
                n,
                n,
                n,
                "rw",
                "INSTALLED",
                n,
                0xc0000000 + n,
                "10." + low,
                "172." + low,
                4500,
                n % 2 == 0,
                ANY_CPU,
                ALL_GROUPS,
                null);
    }

    /** The next generation after a CHILD_SA rekey. */
    public ScriptedSa rekeyed(long newChildId) {
        return new ScriptedSa(
                ikeId,
                newChildId,
                reqid,
                child,
                state,
                mark,
                0xd0000000 + (int) newChildId,
                vip,
                remoteHost,
                remotePort,
                encap,
                cpu,
                groups,
                transportFrom);
    }

    public ScriptedSa in(String newState) {
        return new ScriptedSa(
                ikeId,
                childId,
                reqid,
                child,
                newState,
                mark,
                spiIn,
                vip,
                remoteHost,
                remotePort,
                encap,
                cpu,
                groups,
                transportFrom);
    }

    /** After an IKE_SA rekey. */
    public ScriptedSa below(long newIkeId) {
        return new ScriptedSa(
                newIkeId,
                childId,
                reqid,
                child,
                state,
                mark,
                spiIn,
                vip,
                remoteHost,
                remotePort,
                encap,
                cpu,
                groups,
                transportFrom);
    }

    /** At another outer address. */
    public ScriptedSa at(String newHost, int newPort) {
        return new ScriptedSa(
                ikeId,
                childId,
                reqid,
                child,
                state,
                mark,
                spiIn,
                vip,
                newHost,
                newPort,
                encap,
                cpu,
                groups,
                transportFrom);
    }

    public ScriptedSa marked(int newMark) {
        return new ScriptedSa(
                ikeId,
                childId,
                reqid,
                child,
                state,
                newMark,
                spiIn,
                vip,
                remoteHost,
                remotePort,
                encap,
                cpu,
                groups,
                transportFrom);
    }

    /** As one of the SAs of RFC 9611, which charon has one of for each CPU. */
    public ScriptedSa on(int newCpu) {
        return new ScriptedSa(
                ikeId,
                childId,
                reqid,
                child,
                state,
                mark,
                spiIn,
                vip,
                remoteHost,
                remotePort,
                encap,
                newCpu,
                groups,
                transportFrom);
    }

    /** Whose client takes packets to one group only. */
    public ScriptedSa wanting(String group) {
        return new ScriptedSa(
                ikeId,
                childId,
                reqid,
                child,
                state,
                mark,
                spiIn,
                vip,
                remoteHost,
                remotePort,
                encap,
                cpu,
                group + "/32",
                transportFrom);
    }

    /** In transport mode, between an address of the gateway and the peer's outer one. */
    public ScriptedSa transport(String gateway) {
        return new ScriptedSa(
                ikeId,
                childId,
                reqid,
                child,
                state,
                mark,
                spiIn,
                vip,
                remoteHost,
                remotePort,
                encap,
                cpu,
                groups,
                gateway);
    }

    /** Keys of its IKE_SA. */
    ViciMessage.Builder ike() {
        return ViciMessage.builder()
                .value("uniqueid", Long.toString(ikeId))
                .value("version", "2")
                .value("state", "ESTABLISHED")
                .value("local-host", transportFrom == null ? "192.168.0.1" : transportFrom)
                .value("local-port", "4500")
                .value("local-id", "moon.strongswan.org")
                .value("remote-host", remoteHost)
                .value("remote-port", Integer.toString(remotePort))
                .value("remote-id", "client" + ikeId + "@strongswan.org")
                .value("initiator-spi", String.format("%016x", 0x1122334455667788L + ikeId))
                .value("responder-spi", String.format("%016x", 0x8877665544332211L + ikeId))
                .value("encr-alg", "AES_CBC")
                .value("encr-keysize", "128")
                .value("integ-alg", "HMAC_SHA2_256_128")
                .value("prf-alg", "PRF_HMAC_SHA2_256")
                .value("dh-group", "CURVE_25519")
                .value("established", "12")
                .value("rekey-time", "13912")
                .list("remote-vips", List.of(vip));
    }

    /** The CHILD_SA's section. */
    ViciMessage.Builder section() {
        final ViciMessage.Builder section = ViciMessage.builder()
                .value("name", child)
                .value("uniqueid", Long.toString(childId))
                .value("reqid", Long.toString(reqid))
                .value("state", state)
                .value("mode", transportFrom == null ? "TUNNEL" : "TRANSPORT")
                .value("protocol", "ESP");
        if (encap) {
            section.value("encap", "yes");
        }
        section.value("spi-in", hex(spiIn)).value("spi-out", hex(spiIn + 1));
        if (cpu != ANY_CPU) {
            section.value("cpu", Integer.toString(cpu));
        }
        if (mark != 0) {
            section.value("mark-in", hex(mark)).value("mark-out", hex(mark));
        }
        return section.value("encr-alg", "AES_GCM_16")
                .value("encr-keysize", "128")
                .value("bytes-in", "0")
                .value("packets-in", "0")
                .value("bytes-out", "1844")
                .value("packets-out", "12")
                .value("rekey-time", "3371")
                .value("life-time", "3948")
                .value("install-time", "12")
                .list("local-ts", localTs())
                .list("remote-ts", remoteTs());
    }

    private List<String> localTs() {
        return transportFrom == null ? List.of("10.0.0.0/15", "224.0.0.0/4") : List.of(transportFrom + "/32");
    }

    private List<String> remoteTs() {
        return transportFrom == null ? List.of(vip + "/32", groups, "10.1.255.255/32") : List.of(remoteHost + "/32");
    }

    /** The name of its section. */
    String label() {
        return child + "-" + childId;
    }

    private static String hex(int bits) {
        return String.format("%08x", bits);
    }
}
