package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"

	"bonafide/internal/explain"
)

func TestStatusTable(t *testing.T) {
	words := strings.Fields("current probation condition restriction suspended summarily_suspended revoked surrendered expired lapsed inactive retired void deceased hold reserved")
	may := strings.Fields("yes with_conditions with_conditions no no no no no no yes no no no no unknown unknown")
	disciplinary := "0100111100000000"
	final := "0000001100001100"
	for i, w := range words {
		s, ok := ParseStatus(w)
		if !ok || int(s) != i || s.String() != w || string(s.MayPractise()) != may[i] ||
			s.Disciplinary() != (disciplinary[i] == '1') || s.Final() != (final[i] == '1') {
			t.Errorf("%d: %s %s %v %v", i, s, s.MayPractise(), s.Disciplinary(), s.Final())
		}
	}
	for _, w := range []string{"", "Current", "current ", "invalid", "16"} {
		if _, ok := ParseStatus(w); ok {
			t.Errorf("%q is a status", w)
		}
	}
	if s := Status(16); s.String() != "invalid" || s.MayPractise() != MayPractiseUnknown || s.Final() || s.Disciplinary() {
		t.Error("16 means something")
	}
}

// TestThreat57_Transitions tries every value after every value: a final one
// stays, every other may follow.
func TestThreat57_Transitions(t *testing.T) {
	a := newBoard("a")
	n := newNetwork(t, a)
	var first []StatusChange
	for from := range uint32(16) {
		for to := range uint32(16) {
			first = append(first, set(from*16+to, Status(from)))
		}
	}
	n.must(a, SetStatus{Pages: 1, Changes: first})
	logged := n.view().d.ids[a.id].status.rng.Size()
	if logged != 15*16 {
		t.Errorf("%d changes logged: setting current to current is none", logged)
	}
	for from := range uint32(16) {
		for to := range uint32(16) {
			index := from*16 + to
			body := SetStatus{Pages: 1, Changes: []StatusChange{set(300, Probation), set(index, Status(to))}}
			if Status(from).Final() && from != to {
				// All or nothing: the harmless change beside it is refused too.
				n.refused(a, body, "status_final")
				continue
			}
			n.must(a, SetStatus{Pages: 1, Changes: body.Changes[1:]})
			if v, _ := n.view().Status(a.id, index); v != Status(to) {
				t.Errorf("%s to %s: %s", Status(from), Status(to), v)
			}
		}
	}
	if v, _ := n.view().Status(a.id, 300); v != Current {
		t.Error("a refused transaction changed something")
	}
	// A suspension lifted twice: the second time changes nothing.
	n.must(a, SetStatus{Pages: 1, Changes: []StatusChange{set(301, SuspendedStatus)}})
	n.must(a, SetStatus{Pages: 1, Changes: []StatusChange{set(301, Current)}})
	records, complete := n.view().StatusChanges(a.id, 0)
	n.must(a, SetStatus{Pages: 1, Changes: []StatusChange{set(301, Current)}})
	again, _ := n.view().StatusChanges(a.id, 0)
	if !complete || len(again) != len(records) {
		t.Errorf("%d changes, then %d", len(records), len(again))
	}
	n.reload()
}

func TestMove(t *testing.T) {
	a := newBoard("a")
	n := newNetwork(t, a)
	n.must(a, SetStatus{Pages: 1, Changes: []StatusChange{set(1, Probation), set(2, Revoked)}})
	change := func(c ...StatusChange) SetStatus { return SetStatus{Pages: 1, Changes: c} }
	value := func(i uint32) Status {
		v, err := n.view().Status(a.id, i)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	n.must(a, change(move(10, 1), move(11, 3)))
	if value(10) != Probation || value(1) != Void || value(11) != Current || value(3) != Void {
		t.Errorf("%s %s %s %s", value(10), value(1), value(11), value(3))
	}
	n.refused(a, change(move(12, 1)), "status_final")
	n.refused(a, change(move(12, 2)), "status_final")
	n.refused(a, change(move(10, 11)), "status_index_used")
	n.refused(a, change(move(13, 13)), "status_twice")
	n.refused(a, change(move(13, 11), set(11, Hold)), "status_twice")
	n.refused(a, change(set(13, Hold), set(13, Hold)), "status_twice")
	n.refused(a, change(move(13, 11), move(14, 11)), "status_twice")
	n.refused(a, change(move(13, PageIndexes)), "status_no_such_page")
	n.refused(a, change(move(PageIndexes, 11)), "status_no_such_page")
}

func TestPagesOpenInOrder(t *testing.T) {
	a := newBoard("a")
	n := newNetwork(t, a)
	if _, err := n.view().Status(a.id, 0); explain.CodeOf(err) != "status_no_such_page" {
		t.Errorf("before the first page: %v", err)
	}
	n.refused(a, SetStatus{}, "status_nothing")
	n.refused(a, SetStatus{Pages: MaxNewPages + 1}, "status_pages")
	n.refused(a, SetStatus{Pages: 0, Changes: []StatusChange{set(0, Hold)}}, "status_no_such_page")
	// A change on a page that the same transaction opens.
	n.must(a, SetStatus{Pages: 2, Changes: []StatusChange{set(PageIndexes, Hold), set(2*PageIndexes-1, Retired)}})
	n.refused(a, SetStatus{Pages: 2}, "status_nothing")
	n.refused(a, SetStatus{Pages: 1}, "status_pages")
	n.refused(a, SetStatus{Pages: 2, Changes: []StatusChange{set(2*PageIndexes, Hold)}}, "status_no_such_page")
	n.refused(a, SetStatus{Pages: 2, Changes: []StatusChange{set(1<<32-1, Hold)}}, "status_no_such_page")
	if n.view().Pages(a.id) != 2 {
		t.Error("page count")
	}
	s, _ := n.view().Subject(PrefixStatus + string(a.id))
	if s.Length != 2 {
		t.Errorf("length %d", s.Length)
	}
}

// TestThreat48_NibbleOrder: the even index is the high nibble, and neighbours
// stay as they are.
func TestThreat48_NibbleOrder(t *testing.T) {
	a := newBoard("a")
	n := newNetwork(t, a)
	n.must(a, SetStatus{Pages: 1, Changes: []StatusChange{set(0, Probation), set(3, Hold), set(PageIndexes-1, Deceased), set(8191, Retired), set(8192, Lapsed)}})
	page, err := n.view().Page(a.id, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]byte, PageBytes)
	want[0], want[1], want[PageBytes-1], want[4095], want[4096] = 0x10, 0x0e, 0x0d, 0x0b, 0x90
	if string(page) != string(want) {
		t.Error("page differs")
	}
	for i := range uint32(PageIndexes) {
		v, err := n.view().Status(a.id, i)
		b := want[i/2] >> (4 * (1 - i%2)) & 15
		if err != nil || byte(v) != b {
			t.Fatalf("index %d: %s", i, v)
		}
	}
	// The subject's root, from nothing but the rule.
	p := n.view().d.ids[a.id].status
	var log []Hash
	for _, c := range p.log {
		log = append(log, LeafOf(c.marshal()))
	}
	logRoot, pageHash := RootOf(log), sha256.Sum256(want)
	b := binary.BigEndian.AppendUint64([]byte{0}, 1)
	b = binary.BigEndian.AppendUint64(b, 5)
	b = append(append(b, logRoot[:]...), pageHash[:]...)
	if s, _ := n.view().Subject(PrefixStatus + string(a.id)); s.Root != sha256.Sum256(b) {
		t.Error("root differs")
	}
}

// TestThreat56_SameIndexTwice: of two transactions that move to one index only
// the first succeeds, in whatever order they come.
func TestThreat56_SameIndexTwice(t *testing.T) {
	a := newBoard("a")
	n := newNetwork(t, a)
	n.must(a, SetStatus{Pages: 1, Changes: []StatusChange{set(1, Probation), set(2, Probation)}})
	r := n.run(
		a.tx(2, SetStatus{Pages: 1, Changes: []StatusChange{move(9, 1)}}).Marshal(),
		a.tx(3, SetStatus{Pages: 1, Changes: []StatusChange{move(9, 2)}}).Marshal(),
	).Results
	if r[0].Code != "" || r[1].Code != "status_index_used" {
		t.Errorf("%+v", r)
	}
}
