// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.AbstractList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.markcast.engine.sa.SaSet.Unhandled;

/** What {@code status} prints, and that it is made little by little. */
class StatusOutputTest {

    /** SAs that are made when they are asked for, and counted. */
    private static final class CountedTunnels extends AbstractList<Status.Tunnel> {

        private final int size;
        private int made;

        CountedTunnels(int size) {
            this.size = size;
        }

        @Override
        public int size() {
            return size;
        }

        @Override
        public Status.Tunnel get(int index) {
            made++;
            return new Status.Tunnel(
                    "sa" + index,
                    "rw",
                    "tunnel",
                    "1",
                    "0x10/0xf0",
                    List.of("10.1.0.0/16"),
                    List.of("10.2.0.1", "224.0.0.0/4"),
                    index == 0,
                    null,
                    index == 0 ? null : 5L,
                    1_000L * index);
        }
    }

    private static Status status(List<Status.Tunnel> sas, Unhandled... unhandled) {
        return status(null, null, sas, unhandled);
    }

    private static Status status(
            Status.Firewall firewall, Status.Masquerade masquerade, List<Status.Tunnel> sas, Unhandled... unhandled) {
        return new Status(
                "1.0",
                4711,
                "running",
                90,
                "file",
                0,
                1,
                new Status.Rules("in place", "on", 1, 2, 3),
                firewall,
                masquerade,
                List.of(new Status.Interface("eth1", "up", 3, null, 1500, List.of("10.1.255.255"), 0)),
                List.of(new Status.Uplink("dsl", "ppp0", "up", "192.0.2.2", null, "0x01000000/0xff000000", 201, 12)),
                new Status.Decapsulated(true, 0),
                List.of("224.0.0.251"),
                false,
                new Status.Packets(2, 1, Map.of("spoofed", 1L)),
                new Status.Copies(0, 0, Map.of()),
                Map.of("stalls", 0L),
                sas,
                List.of(unhandled));
    }

    private static JsonObject json(Status status) {
        final String text = status.json().collect(Collectors.joining());
        assertTrue(text.endsWith("}\n"), text);
        return JsonParser.parseString(text).getAsJsonObject();
    }

    @Test
    void shouldPrintOneJsonObject() {
        final JsonObject json = json(status(new CountedTunnels(2), new Unhandled("site", "no \"marks\"")));
        assertEquals("1.0", json.get("version").getAsString());
        assertEquals(
                JsonParser.parseString("{'state':'in place','connmark':'on','leaks':1,'orphans':2,'floods':3}"),
                json.get("rules"));
        assertEquals(90, json.get("uptime_seconds").getAsLong());
        assertEquals(
                JsonParser.parseString(
                        "[{'name':'sa0','child':'rw','mode':'tunnel','mark_in':'1','mark_out':'0x10/0xf0',"
                                + "'local_ts':['10.1.0.0/16'],'remote_ts':['10.2.0.1','224.0.0.0/4'],'reinject':true,'copies':0},"
                                + "{'name':'sa1','child':'rw','mode':'tunnel','mark_in':'1','mark_out':'0x10/0xf0',"
                                + "'local_ts':['10.1.0.0/16'],'remote_ts':['10.2.0.1','224.0.0.0/4'],'reinject':false,"
                                + "'packets_in':5,'copies':1000}]"),
                json.get("sas"));
        assertEquals(JsonParser.parseString("[{'name':'site','reason':'no \"marks\"'}]"), json.get("unhandled"));
        assertEquals(
                JsonParser.parseString("[{'name':'dsl','interface':'ppp0','state':'up','address':'192.0.2.2',"
                        + "'mark':'0x01000000/0xff000000','table':201,'connections':12}]"),
                json.get("uplinks"));
        assertFalse(json.getAsJsonArray("interfaces").get(0).getAsJsonObject().has("mac"));
    }

    @Test
    void shouldPrintJsonWithoutSas() {
        final JsonObject json = json(status(List.of()));
        assertEquals(0, json.getAsJsonArray("sas").size());
        assertEquals(0, json.getAsJsonArray("unhandled").size());
    }

    @Test
    void shouldAlignTheTable() {
        final String table = status(new CountedTunnels(2), new Unhandled("site", "no marks"))
                .table()
                .collect(Collectors.joining());
        assertTrue(table.endsWith("""

                        SA   CHILD  MARK IN  MARK OUT   LOCAL        REMOTE                REINJECT  PACKETS IN  COPIES
                        sa0  rw           1  0x10/0xf0  10.1.0.0/16  10.2.0.1 224.0.0.0/4  yes                -       0
                        sa1  rw           1  0x10/0xf0  10.1.0.0/16  10.2.0.1 224.0.0.0/4  no                 5    1000

                        NOT HANDLED  BECAUSE
                        site         no marks
                        """), table);
        assertTrue(table.contains("""

                        UPLINK  STATE  INTERFACE  ADDRESS    GATEWAY  MARK                   TABLE  CONNECTIONS
                        dsl     up     ppp0       192.0.2.2        -  0x01000000/0xff000000    201           12

                        """), table);
        assertTrue(table.startsWith("markcast 1.0 is running, process 4711, for 1 min 30 s"), table);
        assertTrue(
                table.contains("rules          in place, connmark on, 1 packets kept from leaving in clear,"
                        + " 2 packets of clients without an SA dropped,"
                        + " 3 packets of clients with too many connections dropped"),
                table);
    }

    private static final Status.Masquerade MASQUERADE = new Status.Masquerade(
            "degraded",
            List.of("new clients get no address: another has the log group"),
            1,
            List.of(new Status.MasqueradeServer("198.51.100.1", 1, 0, 1)),
            List.of(
                    new Status.MasqueradeClient("10.0.0.5", "any", "203.0.113.9", "fixed", 7200, null, 0, 0, 0, 0),
                    new Status.MasqueradeClient(
                            "10.0.0.6", "198.51.100.1", "203.0.113.10", "leased", 65, 3L, 12, 1200, 10, 1000),
                    new Status.MasqueradeClient("10.0.0.7", "198.51.100.1", null, "waiting", 5, 1L, 2, 200, 0, 0)));

    @Test
    void shouldShowWhoHasWhichAddress() {
        final String table = status(null, MASQUERADE, List.of()).table().collect(Collectors.joining());
        assertTrue(table.contains("""

                masquerade degraded, 1 address in the pool
                  new clients get no address: another has the log group
                  to 198.51.100.1: 1 leased, 0 free, 1 waiting
                CLIENT    SERVER        ADDRESS       KIND     SINCE      LAST PACKET  PACKETS OUT  PACKETS IN  BYTES OUT  BYTES IN
                10.0.0.5  any           203.0.113.9   fixed    2 h 0 min  -                      0           0          0         0
                10.0.0.6  198.51.100.1  203.0.113.10  leased   1 min 5 s  3 s ago               12          10       1200      1000
                10.0.0.7  198.51.100.1  -             waiting  5 s        1 s ago                2           0        200         0
                """), table);
    }

    @Test
    void shouldLeaveOutWhatIsNotKnownOfAClient() {
        final JsonObject masquerade = json(status(null, MASQUERADE, List.of())).getAsJsonObject("masquerade");
        assertEquals(
                JsonParser.parseString(
                        "{'client':'10.0.0.7','server':'198.51.100.1','kind':'waiting',"
                                + "'since_seconds':5,'idle_seconds':1,'packets_out':2,'bytes_out':200,'packets_in':0,'bytes_in':0}"),
                masquerade.getAsJsonArray("clients").get(2));
        assertEquals(1, masquerade.getAsJsonArray("servers").size());
        assertEquals(1, masquerade.getAsJsonArray("problems").size());
        assertFalse(json(status(List.of())).has("masquerade"));
    }

    @Test
    void shouldSayThatThereAreNoSas() {
        final String table = status(List.of()).table().collect(Collectors.joining());
        assertTrue(table.endsWith("\n\nno SAs\n"), table);
    }

    @Test
    void shouldShowTheFirewall() {
        final Map<String, Long> accepted = new TreeMap<>(Map.of("decrypted", 12L, "ike", 2L));
        final Map<String, Long> refused = new TreeMap<>(Map.of("pretended", 0L, "to_lan", 3L));
        final Status monitor =
                status(new Status.Firewall("monitor", List.of("eth0", "ppp*"), accepted, refused), null, List.of());
        final String table = monitor.table().collect(Collectors.joining());
        assertTrue(table.contains("""
                firewall       monitor on eth0, ppp*, accepted 14 (decrypted 12, ike 2)
                               would have dropped 3 (to lan 3)
                """), table);
        assertEquals(
                JsonParser.parseString("{'mode':'monitor','interfaces':['eth0','ppp*'],"
                        + "'accepted':{'decrypted':12,'ike':2},'refused':{'pretended':0,'to_lan':3}}"),
                json(monitor).get("firewall"));
        assertFalse(json(status(List.of())).has("firewall"));
    }

    private static final Status RULES_ONLY = new Status(
            "1.0",
            4711,
            "running",
            90,
            "file",
            1,
            null,
            new Status.Rules("in place", "l2tp", 0, 3, 0),
            null,
            null,
            null,
            List.of(),
            null,
            null,
            null,
            null,
            null,
            null,
            List.of(new Status.Tunnel(
                    "sa0",
                    "rw",
                    "transport",
                    "1",
                    "1",
                    List.of("198.51.100.1[udp/1701]"),
                    List.of("203.0.113.7[udp]"),
                    null,
                    1,
                    null,
                    null)),
            List.of());

    @Test
    void shouldShowNothingOfForwardingWhereThereIsNone() {
        assertEquals("""
                markcast 1.0 is running, process 4711, for 1 min 30 s, 1 reload
                configuration  file
                forwarding     off
                rules          in place, connmark l2tp, 3 packets of clients without an SA dropped

                SA   CHILD  MARK IN  MARK OUT  LOCAL                   REMOTE            ZONE
                sa0  rw           1         1  198.51.100.1[udp/1701]  203.0.113.7[udp]     1
                """, RULES_ONLY.table().collect(Collectors.joining()));
        assertEquals(
                JsonParser.parseString(
                        "{'version':'1.0','pid':4711,'state':'running','uptime_seconds':90,'config':'file',"
                                + "'reloads':1,'rules':{'state':'in place','connmark':'l2tp','leaks':0,'orphans':3,'floods':0},'uplinks':[],"
                                + "'sas':[{'name':'sa0','child':'rw','mode':'transport','mark_in':'1','mark_out':'1',"
                                + "'local_ts':['198.51.100.1[udp/1701]'],'remote_ts':['203.0.113.7[udp]'],'zone':1}],"
                                + "'unhandled':[]}"),
                json(RULES_ONLY));
    }

    @Test
    void shouldMakeEachSaWhenItIsTaken() {
        final CountedTunnels sas = new CountedTunnels(10_000);
        final Iterator<String> pieces = status(sas).json().iterator();
        while (sas.made < 100) {
            final int before = sas.made;
            pieces.next();
            assertTrue(sas.made <= before + 1, "made " + sas.made);
        }
        final Iterator<String> lines = status(sas).table().iterator();
        lines.next();
        final int both = 100 + 10_000; // all, for the widths
        assertTrue(sas.made <= both + 1, "made " + sas.made);
        for (int i = 0; i < 100; i++) {
            lines.next();
        }
        assertTrue(sas.made <= both + 101, "made " + sas.made);
    }
}
