//! Try.
fn main() {
    for s in std::env::args().skip(1) {
        let s = s.replace("\\n", "\n");
        println!("{s:?}\n    {:?}", talelio::markdown::render(&s, "https://www.talel.io").map(|r| r.html));
    }
}
