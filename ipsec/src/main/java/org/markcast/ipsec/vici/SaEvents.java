// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.util.List;
import org.markcast.ipsec.vici.ViciMessage.Section;

/** What charon's events mean for a {@link SaBook}. */
final class SaEvents {

    static final String LIST_SA = "list-sa";

    private static final String CHILD_UPDOWN = "child-updown";
    private static final String CHILD_REKEY = "child-rekey";
    private static final String IKE_UPDOWN = "ike-updown";
    private static final String IKE_REKEY = "ike-rekey";
    private static final String IKE_UPDATE = "ike-update";

    /** All that are registered; the first is the stream that answers {@code list-sas}. */
    static final List<String> NAMES = List.of(LIST_SA, CHILD_UPDOWN, CHILD_REKEY, IKE_UPDOWN, IKE_REKEY, IKE_UPDATE);

    /** How much of the truth the book has after an event. */
    enum Certainty {
        /** All. */
        KNOWN,
        /** All if charon does what it announced. */
        ANNOUNCED,
        /** All once the events have come that belong to this one. */
        UNFINISHED,
        /** Perhaps not all. */
        DOUBTFUL
    }

    private final ChildSaReader reader;

    SaEvents(SelectorText selectors) {
        reader = new ChildSaReader(selectors);
    }

    /** Whether an older charon may lack the event: ike-update came with strongSwan 5.9.2. */
    static boolean isOptional(String name) {
        return name.equals(IKE_UPDATE);
    }

    /** Enters what an event tells. */
    Certainty apply(String name, ViciMessage message, SaBook book) throws ViciException {
        return switch (name) {
            case LIST_SA -> listed(message, book);
            case CHILD_UPDOWN -> isUp(message) ? childUp(message, book) : childDown(message, book);
            case CHILD_REKEY -> childRekeyed(message, book);
            case IKE_UPDOWN -> isUp(message) ? Certainty.KNOWN : ikeDown(message, book);
            case IKE_REKEY -> ikeRekeyed(message, book);
            case IKE_UPDATE -> ikeMoves(message, book);
            default -> throw new ViciException("an event " + name + " that was not asked for");
        };
    }

    private static boolean isUp(ViciMessage message) {
        return message.values().containsKey("up");
    }

    private Certainty listed(ViciMessage message, SaBook book) throws ViciException {
        for (final Section ike : message.sections()) {
            reader.children(ike.content()).forEach(book::put);
        }
        return Certainty.KNOWN;
    }

    private Certainty childUp(ViciMessage message, SaBook book) throws ViciException {
        boolean isTold = true;
        for (final ChildSa child : reader.children(ChildSaReader.ike(message))) {
            book.put(child);
            isTold &= book.has(child.id());
        }
        return isTold ? Certainty.KNOWN : Certainty.DOUBTFUL;
    }

    private Certainty childDown(ViciMessage message, SaBook book) throws ViciException {
        for (final ChildSa child : reader.children(ChildSaReader.ike(message))) {
            book.remove(child.id());
        }
        return Certainty.KNOWN;
    }

    /** No updown events accompany it; the old SA stays for seconds, then goes without an event. */
    private Certainty childRekeyed(ViciMessage message, SaBook book) throws ViciException {
        final ViciMessage ike = ChildSaReader.ike(message);
        boolean isTold = true;
        for (final Section pair : ChildSaReader.childSections(ike)) {
            final ChildSa successor = reader.child(ike, required(pair.content(), "new"));
            final long oldId = ChildSaReader.id(required(pair.content(), "old"));
            isTold &= book.has(oldId);
            if (book.has(oldId)) {
                book.supersede(oldId);
            }
            book.put(successor);
            isTold &= book.has(successor.id());
        }
        return isTold ? Certainty.KNOWN : Certainty.DOUBTFUL;
    }

    /** Its children's own events follow, unless another IKE_SA has adopted them. */
    private Certainty ikeDown(ViciMessage message, SaBook book) throws ViciException {
        book.end(ChildSaReader.id(ChildSaReader.ike(message)));
        return book.hasEnding() ? Certainty.UNFINISHED : Certainty.KNOWN;
    }

    /** The successor has the children from now on. */
    private Certainty ikeRekeyed(ViciMessage message, SaBook book) throws ViciException {
        final ViciMessage pair = ChildSaReader.ike(message);
        book.inherit(ChildSaReader.id(required(pair, "old")), ChildSaReader.id(required(pair, "new")));
        return Certainty.KNOWN;
    }

    /** Comes before the change, and without children. The first of each IKE_SA comes before it has any. */
    private Certainty ikeMoves(ViciMessage message, SaBook book) throws ViciException {
        final long ikeId = ChildSaReader.id(ChildSaReader.ike(message));
        if (!book.hasChildrenOf(ikeId)) {
            return Certainty.KNOWN;
        }
        try {
            book.move(ikeId, reader.endpoints(message));
            return Certainty.ANNOUNCED;
        } catch (IllegalArgumentException e) {
            return Certainty.DOUBTFUL;
        }
    }

    private static ViciMessage required(ViciMessage message, String section) throws ViciException {
        return message.section(section).orElseThrow(() -> new ViciException("a rekey event without its " + section));
    }
}
