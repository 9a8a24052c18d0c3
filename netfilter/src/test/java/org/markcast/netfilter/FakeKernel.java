// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.markcast.config.Mark;
import org.markcast.linux.NetfilterNews.News;
import org.markcast.linux.NftablesException;

/** Writes down what it is told, and refuses on request. */
final class FakeKernel implements Kernel {

    final List<String> scripts = new ArrayList<>();
    final List<ElementChanges> changes = new ArrayList<>();
    final List<String> disowned = new ArrayList<>();
    News news = News.NONE;
    String refusal;
    boolean refusesChanges;
    boolean refusesElements;
    boolean hasTable;
    long leaks;
    boolean isClosed;

    @Override
    public void run(String script) {
        if (refusal != null) {
            throw new NftablesException(refusal);
        }
        if (refusesElements && script.startsWith("add element ")) {
            throw new NftablesException("File exists");
        }
        scripts.add(script);
        hasTable = script.contains("table ip markcast {");
        leaks = 0;
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
    public void disownConnections(Mark mark, Mark successor) {
        disowned.add(mark + (changes.isEmpty() ? "" : " after " + changes.size() + " changes"));
    }

    @Override
    public OptionalLong packets(Table table, String counter) {
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
