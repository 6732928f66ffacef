//! From the start of a process to its first `GET …/next`: `cargo bench -p benches --bench cold_start`, with
//! `-- --quick` for few rounds.
//!
//! Lift without resources against its peers, with programs that lie in the page cache. A number is the median of
//! interleaved rounds, and a ratio is the median of the ratios within each round. Nothing is asserted here about speed.

use benches::function::{EVENT, Program, VERSIONS};
use benches::runtime_api::{Place, RuntimeApi};
use benches::{Contender, Table, asked_for, heading, median, run, time};

fn main() {
    let rounds = asked_for(1, 31, 201);
    println!("{}; medians of {rounds} interleaved rounds.\n", heading("cold_start"));
    println!(
        "From the start of the process to its first `GET …/next`, the CPU and the resident memory until then, and the \
         size of the program without symbols. `×` is lift's time as a multiple of the peer's; the target is at most \
         1.2× of lambda_runtime.\n"
    );
    let programs = VERSIONS.map(|(name, package)| (name, Program::build(package)));
    let sizes = programs.each_ref().map(|(_, program)| program.size() as f64);
    let contenders: Vec<_> = programs.into_iter().map(|(name, program)| (name, contender(program))).collect();
    let measured = run(rounds, contenders);
    let [times, cpu, memory] = [0, 1, 2].map(|index| measured.column(index));
    let own = times[0].1.clone();
    let mut table = Table::new(["to the first poll", "×", "CPU", "memory", "program"]);
    for (((name, times), ((_, cpu), (_, memory))), size) in
        times.into_iter().zip(cpu.into_iter().zip(memory)).zip(sizes)
    {
        let ratios = own.iter().zip(&times).map(|(own, other)| own / other);
        let ratio = format!("{:.2}×", median(ratios.collect()));
        let [memory, size] = [median(memory), size].map(|bytes| format!("{:.1} MB", bytes / 1e6));
        table.row(name, [time(median(times)), ratio, time(median(cpu)), memory, size]);
    }
    println!("{table}");
}

/// Starts it, and ends it as soon as it asks for an event: nanoseconds until then, nanoseconds of CPU, bytes of memory.
fn contender(program: Program) -> Contender {
    Box::new(move || {
        let api = RuntimeApi::start(EVENT, Place::TwoCores);
        let function = program.start(&api);
        let took = api.first_poll() - function.started;
        vec![took.as_nanos() as f64, function.cpu(), function.memory()]
    })
}
