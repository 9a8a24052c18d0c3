// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;
import org.markcast.config.Mark;
import org.markcast.linux.NetfilterNews.News;
import org.markcast.linux.NftablesException;

/** Writes down what it is told, and refuses on request. */
final class FakeKernel implements Kernel {

    final List<String> scripts = new ArrayList<>();
    final List<ElementChanges> changes = new ArrayList<>();
    final List<String> disowned = new ArrayList<>();
    /** The conntrack mark that connections got when they lost theirs. */
    int successor;

    int scriptsBeforeDisowning;
    /** Conntrack mark and zone. */
    final Map<Integer, Integer> zones = new TreeMap<>();

    News news = News.NONE;
    String refusal;
    boolean refusesChanges;
    boolean refusesToDisown;
    boolean refusesToRecall;
    boolean refusesElements;
    boolean hasTable;
    long leaks;
    final Map<String, Long> verdicts = new HashMap<>();
    boolean isClosed;

    /** What else happens with a script. */
    Runnable effect = () -> {};

    @Override
    public void run(String script) {
        if (refusal != null) {
            throw new NftablesException(refusal);
        }
        if (refusesElements && script.startsWith("add element ")) {
            throw new NftablesException("File exists");
        }
        scripts.add(script);
        effect.run();
        hasTable = script.contains("table ip markcast {") || hasTable && !script.contains("delete table ip markcast\n");
        leaks = 0;
        if (script.contains("delete table inet markcast_firewall")) {
            verdicts.clear();
        }
    }

    @Override
    public boolean takes(ElementChanges all) {
        return all.size() <= 10;
    }

    @Override
    public void apply(ElementChanges all) {
        if (refusesChanges) {
            throw new NftablesException("no such element");
        }
        changes.add(all);
    }

    @Override
    public boolean hasTable(Table table) {
        return hasTable
                && (table == Table.MARKS
                        || scripts.stream().anyMatch(script -> script.contains("table " + table + " {")));
    }

    @Override
    public void disownConnections(Collection<Mark> marks, int latestSuccessor) {
        if (refusesToDisown) {
            throw new NftablesException("No buffer space available");
        }
        scriptsBeforeDisowning = scripts.size();
        successor = latestSuccessor;
        final String lost = new TreeSet<>(marks.stream().map(Mark::toString).toList()).toString();
        disowned.add(lost.substring(1, lost.length() - 1)
                + (changes.isEmpty() ? "" : " after " + changes.size() + " changes"));
    }

    @Override
    public void recallZones(Zones.Connection consumer) {
        if (refusesToRecall) {
            throw new NftablesException("connections: Interrupted system call");
        }
        zones.forEach(consumer::accept);
    }

    @Override
    public OptionalLong packets(Table table, String counter) {
        if (table == Table.FIREWALL && hasTable(table)) {
            return OptionalLong.of(verdicts.getOrDefault(counter, 0L));
        }
        return hasTable && table == Table.MARKS && counter.equals(MarkRules.LEAKS)
                ? OptionalLong.of(leaks)
                : OptionalLong.empty();
    }

    @Override
    public News news() {
        final News latest = news;
        news = News.NONE;
        return latest;
    }

    @Override
    public int fd() {
        return 99;
    }

    @Override
    public void close() {
        isClosed = true;
    }
}
