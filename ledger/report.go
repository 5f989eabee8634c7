package ledger

// Key reports: from when on a key was in other hands, resolved to heights when
// they execute, so that a pack needs none of the batches to judge by them.

import (
	"encoding/binary"
	"slices"
	"sort"

	"bonafide/did"
)

// findKey looks a method up in the newest version that has it.
func (x *identity) findKey(method string) (key did.PublicKey, issuing, found bool) {
	for _, v := range slices.Backward(x.versions) {
		if v.Document == nil {
			continue
		}
		for _, rel := range []did.Relationship{did.AssertionMethod, did.CapabilityInvocation} {
			if m, err := v.Document.Method(method, rel); err == nil {
				return m.Key, rel == did.AssertionMethod, true
			}
		}
	}
	return did.PublicKey{}, false, false
}

func (s *State) checkReport(x *identity, method string, from int64) error {
	if from > s.now {
		return refuse("report_future", "a report names a time that has passed")
	}
	key, _, found := x.findKey(method)
	if !found {
		return refuse("report_unknown_key", "no version of %s has this method for issuing or for the ledger", x.id)
	}
	if t, reported := x.reported[key]; reported && from >= t {
		return refuse("report_not_earlier", "the key is reported from an earlier time already")
	}
	return nil
}

// report records a report that checkReport let through.
func (s *State) report(x *identity, method string, from int64, byVote bool) {
	d := s.d
	key, issuing, _ := x.findKey(method)
	r := report{KeyReport: did.KeyReport{
		Method: method, Key: key, Issuing: issuing, From: unix(from), FromHeight: s.block.Height,
		Height: s.block.Height, Position: s.position, ByVote: byVote,
	}}
	// The first recorded block dated at or after T; this block is one, if no
	// earlier is. A batch counts as signed from T on unless a recorded block at
	// or above it is dated before T: blocks that only took in batches have no
	// recorded time, and doubt goes against the reported key.
	i := sort.Search(len(d.times), func(i int) bool { return d.times[i].secs >= from })
	if i < len(d.times) {
		r.FromHeight = d.times[i].height
	}
	if !issuing && x.batches != nil {
		first := 0
		if i > 0 {
			before := d.times[i-1].height
			first = sort.Search(len(x.batches.recs), func(j int) bool { return x.batches.recs[j].height > before })
		}
		s.condemn(&r, x, first)
	}
	s.append(PrefixDID+string(x.id), r.marshal())
}

// condemn lists what the reported key signed among the batches from first on.
// A method is its key (did/bonafide), so its name decides.
func (s *State) condemn(r *report, x *identity, first int) {
	l, epochs := x.batches, &s.d.epochs
	inRun := false // the epoch before, among those with a batch of this DID, is in a run
	for i := first; i < len(l.recs); {
		n := epochs.closing(l.recs[i].height)
		whole, end := n != 0, i
		for ; end < len(l.recs) && (n == 0 || l.recs[end].height <= epochs.held[n-1].Height); end++ {
			whole = whole && l.methods[l.recs[end].method] == r.Method
		}
		// Batches of the same epoch that came before T spare it as a whole.
		if i > 0 && n != 0 && epochs.closing(l.recs[i-1].height) == n {
			whole = false
		}
		if n == 0 {
			n = epochs.rng.Size() + 1 // the number that the open epoch will have
		}
		switch {
		case whole && inRun:
			// Epochs in between hold no batch of this DID: the run may span them.
			r.Runs[len(r.Runs)-1].Last = n
		case whole:
			r.Runs = append(r.Runs, did.EpochRun{First: n, Last: n})
		default:
			for j := i; j < end; j++ {
				if l.methods[l.recs[j].method] == r.Method {
					r.Roots = append(r.Roots, l.recs[j].root)
					r.epochs = append(r.epochs, n)
				}
			}
		}
		inRun = whole
		i = end
	}
}

func (r report) marshal() []byte {
	b := head{didReport, r.Height, r.Position}.append(nil)
	b = appendBool(appendBool(b, r.ByVote), r.Issuing)
	b = appendLPString(appendLPString(b, r.Method), r.Key.Multikey())
	b = binary.BigEndian.AppendUint64(b, uint64(r.From.Unix()))
	b = binary.BigEndian.AppendUint64(b, r.FromHeight)
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.Runs)))
	for _, run := range r.Runs {
		b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, run.First), run.Last)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.Roots)))
	for i := range r.Roots {
		b = append(binary.BigEndian.AppendUint64(b, r.epochs[i]), r.Roots[i][:]...)
	}
	return b
}

func parseReport(r *reader, h head) (report, error) {
	out := report{KeyReport: did.KeyReport{Height: h.height, Position: h.position}}
	out.ByVote, out.Issuing = r.boolean(), r.boolean()
	out.Method = r.str(maxMethod)
	multikey := r.str(maxMethod)
	out.From = unix(r.seconds())
	out.FromHeight = r.u64()
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		out.Runs = append(out.Runs, did.EpochRun{First: r.u64(), Last: r.u64()})
	}
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		out.epochs = append(out.epochs, r.u64())
		out.Roots = append(out.Roots, r.hash())
	}
	if err := r.end(); err != nil {
		return out, err
	}
	var err error
	out.Key, err = did.ParseMultikey(multikey)
	return out, err
}
