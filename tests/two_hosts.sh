# Run a command on two hosts, h0 and h1, which are network namespaces with names and addresses of their own.
exec unshare --map-root-user --net --mount bash -c '
set -e
mount -t tmpfs none /run
printf "127.0.0.1 localhost\n10.77.0.1 h0\n10.77.0.2 h1\n" > /run/hosts
mount --bind /run/hosts /etc/hosts
ip netns add h0
ip netns add h1
ip link add v0 netns h0 type veth peer name v1 netns h1
export KERAS_DISTRIBUTION_JOB_ADDRESSES=h0:12345 KERAS_DISTRIBUTION_NUM_PROCESSES=2
for host in 0 1; do
  ip -n h$host addr add 10.77.0.$((host + 1))/24 dev v$host
  ip -n h$host link set v$host up
  ip -n h$host link set lo up
  KERAS_DISTRIBUTION_PROCESS_ID=$host ip netns exec h$host unshare --uts \
    bash -c "hostname h$host && exec \"\$@\"" bash "$@" &
done
wait -n && wait -n
' bash "$@"
