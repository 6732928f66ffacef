//! Functions as processes against the Runtime API double: what Lambda and a function promise each other.

mod answers;
mod concurrency;
mod deadline;
mod double;
mod edges;
mod events;
mod freeze;
mod queues;
mod response_limit;
mod shutdown;
mod snapstart;
mod start;
mod support;
